"""Reading offers and vouchers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from beyou.blocks.queries import blocked_with
from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.offers import rules
from beyou.offers.models import EnteredVoucher, Offer, OfferMove, OfferThing, Voucher, VoucherUse
from beyou.offers.rules import Agreed, Coupon, Side, State, Step

if TYPE_CHECKING:
    from beyou.users.models import User

PAGE = 20


@dataclass(frozen=True, slots=True)
class Talk:
    """An offer as one of its two sides sees it at this moment."""

    offer: Offer
    side: Side
    state: State
    things: list[OfferThing]
    moves: list[OfferMove]

    @property
    def other(self) -> "User":
        return self.offer.seller if self.side is Side.BUYER else self.offer.buyer

    @property
    def may(self) -> frozenset[Step]:
        offer = self.offer
        return rules.steps_of(self.state, Side(offer.turn), self.side, prices=offer.prices)

    @property
    def is_asked(self) -> bool:
        """Whether this side has to answer."""
        return Step.ACCEPT in self.may

    @property
    def list_minor(self) -> int:
        """What the things cost without the offer."""
        return sum(thing.list_minor for thing in self.things)

    @property
    def words(self) -> str:
        if self.state is State.OPEN:
            return "Your turn" if self.is_asked else rules.STATE_WORDS[State.OPEN]
        return rules.STATE_WORDS[self.state]

    @property
    def titles(self) -> str:
        return ", ".join(thing.title for thing in self.things)

    @property
    def can_be_bought(self) -> bool:
        return self.side is Side.BUYER and self.state is State.ACCEPTED


def _seen_by(member_id: UUID) -> QuerySet[Offer]:
    """The member's offers, but for those with somebody behind a block."""
    rows = Offer.objects.filter(Q(buyer_id=member_id) | Q(seller_id=member_id))
    things = Prefetch("things", OfferThing.objects.order_by("id"))
    moves = Prefetch("moves", OfferMove.objects.order_by("id"))
    return (
        rows.exclude(blocked_with("buyer_id", "seller_id"))
        .select_related("buyer", "seller")
        .prefetch_related(things, moves)
    )


def _talk(member_id: UUID, offer: Offer) -> Talk:
    side = Side.BUYER if offer.buyer_id == member_id else Side.SELLER
    return Talk(offer, side, offer.standing, list(offer.things.all()), list(offer.moves.all()))


def offer_for(member_id: UUID, offer_id: UUID) -> Talk:
    """The one door to an offer. Raises `NotFound` for somebody else's, for one with a member behind a block,
    and for a missing one. Three statements.
    """
    offer = _seen_by(member_id).filter(id=offer_id).first()
    if offer is None:
        raise NotFound
    return _talk(member_id, offer)


@dataclass(frozen=True, slots=True)
class OfferPage:
    """Offers, the newest first; `next` continues behind the last one."""

    items: list[Talk]
    next: UUID | None


def offers_of(member_id: UUID, side: Side, *, before: UUID | None = None, limit: int = PAGE) -> OfferPage:
    """What the member offered, or was offered as a seller. Three statements, whatever the number."""
    rows = _seen_by(member_id).filter(**{f"{side.value}_id": member_id}).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    items = list(rows[: limit + 1])
    following = items[limit - 1].pk if len(items) > limit else None
    return OfferPage([_talk(member_id, each) for each in items[:limit]], following)


def agreed_of(buyer_id: UUID) -> dict[UUID, list[Agreed]]:
    """seller → the agreements that bind them to this buyer now, the oldest first. Two statements."""
    rows = Offer.objects.filter(buyer_id=buyer_id, state=State.ACCEPTED, until__gt=clock.now())
    found: dict[UUID, list[Agreed]] = {}
    for row in rows.order_by("id").prefetch_related(Prefetch("things", OfferThing.objects.order_by("id"))):
        variant_ids = tuple(thing.variant_id for thing in row.things.all())
        found.setdefault(row.seller_id, []).append(Agreed(row.pk, row.price_minor, variant_ids))
    return found


def units_under(offer_ids: Iterable[UUID]) -> dict[UUID, int]:
    """variant → how many units these offers are for. One statement."""
    found: dict[UUID, int] = {}
    rows = OfferThing.objects.filter(offer_id__in=list(offer_ids)).order_by("id")
    for variant_id in rows.values_list("variant_id", flat=True):
        found[variant_id] = found.get(variant_id, 0) + 1
    return found


# Vouchers


def vouchers_of(seller_id: UUID) -> list[Voucher]:
    """The seller's vouchers, the newest first; there are at most `rules.MOST_VOUCHERS`. One statement."""
    return list(Voucher.objects.filter(seller_id=seller_id).order_by("-id")[: rules.MOST_VOUCHERS])


def voucher_of(seller_id: UUID, voucher_id: UUID) -> Voucher:
    """The seller's own voucher. Raises `NotFound`."""
    voucher = Voucher.objects.filter(id=voucher_id, seller_id=seller_id).first()
    if voucher is None:
        raise NotFound
    return voucher


def code_of(voucher: Voucher) -> str:
    """The code as its seller hands it out."""
    code = keyring.open_field(bytes(voucher.code), table="vouchers", column="code", row_id=voucher.pk)
    return rules.grouped(code)


def problem_of(voucher: Voucher, *, spare: int = 0) -> str:
    """Why nobody can use it now, with so many of its uses given back; empty when it can be used."""
    return rules.voucher_problem(
        is_ended=voucher.is_ended,
        begins_at=voucher.begins_at,
        ends_at=voucher.ends_at,
        left=voucher.uses - voucher.used + spare,
        now=clock.now(),
    )


@dataclass(frozen=True, slots=True)
class Entered:
    """A voucher in a cart. With a `problem` it takes nothing off."""

    voucher: Voucher
    problem: str

    @property
    def coupon(self) -> Coupon | None:
        if self.problem:
            return None
        return Coupon(self.voucher.pk, self.voucher.words, self.voucher.reduction)


def entered_by(member_id: UUID, order_id: UUID | None) -> dict[UUID, Entered]:
    """seller → the voucher that the member entered for their things. What the member's checkout keeps
    already counts as free. Two statements.
    """
    rows = EnteredVoucher.objects.filter(member_id=member_id).select_related("voucher__seller")
    vouchers = {row.seller_id: row.voucher for row in rows.order_by("id")}
    ids = [voucher.pk for voucher in vouchers.values()]
    uses = VoucherUse.objects.filter(member_id=member_id, voucher_id__in=ids)
    kept = dict(uses.values_list("voucher_id", "order_id")) if ids else {}
    found = {}
    for seller_id, voucher in vouchers.items():
        is_mine = order_id is not None and kept.get(voucher.pk) == order_id
        problem = problem_of(voucher, spare=1 if is_mine else 0)
        if voucher.pk in kept and not is_mine:
            problem = "You have used this voucher already."
        found[seller_id] = Entered(voucher, problem)
    return found
