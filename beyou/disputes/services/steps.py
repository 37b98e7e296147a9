"""What buyer, seller and the clock do. Locks: the claim first, then its order, then money."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import structlog
from django.db.models import Q

from beyou.core import clock, crash, limits
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.ports import options
from beyou.core.transactions import retried
from beyou.disputes import queries, rules
from beyou.disputes.errors import CannotClaim, ClaimMoved
from beyou.disputes.models import Claim
from beyou.disputes.rules import Reason, Side, State, Step
from beyou.disputes.services.evidence import check_pictures, show
from beyou.disputes.services.telling import plain, tell_buyer, tell_seller, tell_staff, write
from beyou.media.services import Purpose, images_kept
from beyou.notifications.rules import Kind
from beyou.orders import queries as orders
from beyou.orders import services as parts
from beyou.orders.rules import Actor

log = structlog.get_logger()

_MOVED = "Somebody took another step meanwhile, or it is not your turn. Load the page again."
#: Whose step it was, as orders call them.
_ACTORS = {
    Side.BUYER: Actor.BUYER,
    Side.SELLER: Actor.SELLER,
    Side.STAFF: Actor.STAFF,
    Side.CLOCK: Actor.CLOCK,
}


def claim(*, buyer_id: UUID, number: str, reason: Reason, text: str, pictures: Sequence[bytes] = ()) -> Claim:
    """The buyer's words and pictures are with the seller, and the money of the part is frozen.

    Raises `NotFound`, `CannotClaim`, `InvalidInput` without words, `TooMuchEvidence`, `RateLimited`, and what
    `media.services.store_image` raises; then nothing happened.
    """
    part = orders.part_between(buyer_id, number)
    if part.order.buyer_id != buyer_id:
        raise NotFound
    _require_words(text, "Say what is wrong: the seller reads it first.")
    _check(queries.refusal_for(part, reason))
    limits.check("claims.member", str(buyer_id))
    check_pictures(pictures)
    with images_kept(owner_id=buyer_id, pictures=pictures, purpose=Purpose.EVIDENCE) as kept:
        return _claim(buyer_id, part.pk, number, reason, text, kept)


@retried
def _claim(
    buyer_id: UUID, part_id: UUID, number: str, reason: Reason, text: str, kept: Sequence[UUID]
) -> Claim:
    # Freezing locks the order, so that of two claims, or a claim and the clock, one comes first.
    _check(queries.refusal_for(orders.part_between(buyer_id, number), reason))
    try:
        part = parts.freeze(part_id=part_id, buyer_id=buyer_id)
    except ApplicationError as error:
        if error.code != "order_moved":
            raise
        raise CannotClaim(_MOVED, why="moved") from error
    # Another claim may have come and gone since that look.
    if Claim.objects.filter(part_id=part_id).exclude(state=State.WITHDRAWN).exists():
        _check(rules.Refusal.SETTLED)
    made = Claim.objects.create(
        part=part,
        open_of=part,
        buyer_id=buyer_id,
        seller_id=part.seller_id,
        reason=reason.value,
        currency=part.currency,
        total_minor=part.total_minor,
        answer_by=_in_time(),
    )
    entry = write(made, Step.CLAIM, Side.BUYER, author_id=buyer_id, text=text)
    show(entry, buyer_id, kept)
    tell_seller(made, Kind.CLAIM_OPENED, actor_id=buyer_id)
    crash.point("disputes.claiming")
    return made


def _check(refusal: rules.Refusal | None) -> None:
    if refusal is not None:
        raise CannotClaim(rules.REFUSALS[refusal], why=refusal.value)


def _in_time() -> dt.datetime:
    return clock.now() + dt.timedelta(days=options.number("claim_answer_days"))


def _require_words(text: str, why: str) -> None:
    if not plain(text):
        raise InvalidInput(why)


def say(*, member_id: UUID, claim_id: UUID, text: str, pictures: Sequence[bytes] = ()) -> None:
    """One side has added words or pictures while the claim is open. Raises as `claim` does."""
    queries.claim_for(member_id, claim_id)
    if not plain(text) and not pictures:
        raise InvalidInput("Add some words or a picture.")
    limits.check("claims.member", str(member_id))
    check_pictures(pictures)
    with images_kept(owner_id=member_id, pictures=pictures, purpose=Purpose.EVIDENCE) as kept:
        _say(member_id, claim_id, text, kept)


@retried
def _say(member_id: UUID, claim_id: UUID, text: str, kept: Sequence[UUID]) -> None:
    row, side = _locked(member_id, claim_id)
    _move(row, Step.SAY, side)
    entry = write(row, Step.SAY, side, author_id=member_id, text=text)
    show(entry, member_id, kept)
    (tell_seller if side is Side.BUYER else tell_buyer)(row, Kind.CLAIM_MOVED)


@retried
def accept(*, seller_id: UUID, claim_id: UUID, text: str = "") -> None:
    """Everything goes back to the buyer. Raises `NotFound`, `ClaimMoved`."""
    row, side = _locked(seller_id, claim_id)
    _move(row, Step.ACCEPT, side)
    write(row, Step.ACCEPT, side, author_id=seller_id, text=text, amount_minor=row.total_minor)
    settle(row, row.total_minor, side, seller_id)
    tell_buyer(row, Kind.CLAIM_SETTLED)


@retried
def offer(*, seller_id: UUID, claim_id: UUID, amount_minor: int, text: str = "") -> None:
    """The buyer may take a part of the money, and the rest stays the seller's. Raises `NotFound`,
    `ClaimMoved`, and `InvalidInput` for what is no part.
    """
    row, side = _locked(seller_id, claim_id)
    if not 0 < amount_minor < row.total_minor:
        raise InvalidInput("Offer more than nothing and less than everything, or give everything back.")
    _move(row, Step.OFFER, side)
    row.offer_minor, row.answer_by = amount_minor, _in_time()
    row.save()
    write(row, Step.OFFER, side, author_id=seller_id, text=text, amount_minor=amount_minor)
    tell_buyer(row, Kind.CLAIM_MOVED)


@retried
def contest(*, seller_id: UUID, claim_id: UUID, text: str) -> None:
    """The staff decide. Raises `NotFound`, `ClaimMoved`, and `InvalidInput` without words."""
    row, side = _locked(seller_id, claim_id)
    _require_words(text, "Say why you disagree: the staff read it.")
    _to_review(row, Step.CONTEST, side, seller_id, text)
    tell_buyer(row, Kind.CLAIM_MOVED)


@retried
def agree(*, buyer_id: UUID, claim_id: UUID, seen_minor: int) -> None:
    """The buyer gets what was offered, if it is still what the buyer saw. Raises `NotFound`, `ClaimMoved`."""
    row, side = _locked(buyer_id, claim_id)
    if row.offer_minor is None or row.offer_minor != seen_minor:
        raise ClaimMoved("The offer is another one now. Look again before you take it.")
    _move(row, Step.AGREE, side)
    write(row, Step.AGREE, side, author_id=buyer_id, amount_minor=row.offer_minor)
    settle(row, row.offer_minor, side, buyer_id)
    tell_seller(row, Kind.CLAIM_SETTLED)


@retried
def decline(*, buyer_id: UUID, claim_id: UUID, text: str = "") -> None:
    """The offer is not enough: the staff decide. Raises `NotFound`, `ClaimMoved`."""
    row, side = _locked(buyer_id, claim_id)
    _to_review(row, Step.DECLINE, side, buyer_id, text)
    tell_seller(row, Kind.CLAIM_MOVED)


@retried
def withdraw(*, buyer_id: UUID, claim_id: UUID) -> None:
    """All is well: the seller gets the money. Raises `NotFound`, `ClaimMoved`."""
    row, side = _locked(buyer_id, claim_id)
    _move(row, Step.WITHDRAW, side)
    write(row, Step.WITHDRAW, side, author_id=buyer_id)
    settle(row, 0, side, buyer_id)
    tell_seller(row, Kind.CLAIM_SETTLED)


def settle(row: Claim, refund_minor: int, side: Side, actor_id: UUID | None) -> None:
    """The locked claim is over, and its money goes where it was said. The caller has moved it."""
    row.open_of, row.ended_at, row.refund_minor = None, clock.now(), refund_minor
    row.held_by_id = row.held_until = None
    row.save()
    parts.thaw(
        part_id=row.part_id,
        refund_minor=refund_minor,
        actor=_ACTORS[side],
        actor_id=actor_id,
        key=f"claim-{row.pk}",
    )
    crash.point("disputes.settling")


def _to_review(row: Claim, step: Step, side: Side, author_id: UUID | None, text: str = "") -> None:
    _move(row, step, side)
    row.review_at = clock.now()
    row.save()
    write(row, step, side, author_id=author_id, text=text)
    tell_staff(row)
    crash.point("disputes.escalating")


def _locked(member_id: UUID, claim_id: UUID) -> tuple[Claim, Side]:
    """The claim, which nobody else changes until this transaction ends, and the side of the member."""
    rows = Claim.objects.select_for_update().filter(id=claim_id)
    row = rows.filter(Q(buyer_id=member_id) | Q(seller_id=member_id)).first()
    if row is None:
        raise NotFound
    return row, queries.side_of(row, member_id)


def _move(row: Claim, step: Step, side: Side) -> None:
    state = rules.after(State(row.state), step, side)
    if state is None:
        raise ClaimMoved(_MOVED)
    row.state = state.value


def escalate_due(limit: int = 100) -> int:
    """Claims and offers that nobody answered in time wait for the staff. Returns how many were due."""
    rows = Claim.objects.filter(state__in=[State.OPEN, State.OFFERED], answer_by__lte=clock.now())
    found = list(rows.values_list("id", flat=True)[:limit])
    for claim_id in found:
        _escalate_if_due(claim_id)
    return len(found)


@retried
def _escalate_if_due(claim_id: UUID) -> None:
    row = Claim.objects.select_for_update().get(id=claim_id)
    if rules.after(State(row.state), Step.ESCALATE, Side.CLOCK) is None or row.answer_by > clock.now():
        return
    _to_review(row, Step.ESCALATE, Side.CLOCK, None)
    tell_buyer(row, Kind.CLAIM_MOVED)
    tell_seller(row, Kind.CLAIM_MOVED)


def leave(*, member_id: UUID) -> None:
    """Whoever is erased gives up: a seller's open claims give everything back, a buyer's are taken back."""
    rows = Claim.objects.exclude(open_of=None)
    for claim_id in list(rows.filter(seller_id=member_id).values_list("id", flat=True)):
        _give_up(claim_id, Step.ACCEPT)
    for claim_id in list(rows.filter(buyer_id=member_id).values_list("id", flat=True)):
        _give_up(claim_id, Step.WITHDRAW)


@retried
def _give_up(claim_id: UUID, step: Step) -> None:
    row = Claim.objects.select_for_update().get(id=claim_id)
    if not row.is_open:
        return
    _move(row, step, Side.CLOCK)
    is_refund = step is Step.ACCEPT
    write(row, step, Side.CLOCK)
    settle(row, row.total_minor if is_refund else 0, Side.CLOCK, None)
    (tell_buyer if is_refund else tell_seller)(row, Kind.CLAIM_SETTLED)
