"""Reading carts: what is in them, and what it costs now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Sum

from beyou.core.bulk import Lookup
from beyou.core.money import short_money
from beyou.marketplace import queries as market
from beyou.marketplace.rules import DELIVERIES, Terms
from beyou.offers import queries as offers
from beyou.offers import rules as prices
from beyou.offers.rules import Agreed, Discount, Kind, Thing
from beyou.orders import rules
from beyou.orders.models import CartLine, CartReminder, Order, Waiting
from beyou.users.queries import members_by_id

if TYPE_CHECKING:
    from beyou.users.models import User

_IN_CART = Lookup(
    lambda ids: (
        CartLine.objects.filter(member_id__in=ids)
        .order_by()
        .values("member_id")
        .annotate(many=Sum("quantity"))
        .values_list("many")
    )
)


def cart_count(member_id: UUID) -> int:
    """How many things are in the cart. One statement."""
    return sum(int(count) for (count,) in _IN_CART([member_id]))


@dataclass(frozen=True, slots=True)
class InCart:
    """One line as the member sees it. Without an offer it cannot be bought any more."""

    line: CartLine
    offer: "market.Offer | None"
    #: The agreed offer that keeps it, while other things of that offer are not in the cart.
    kept_by: UUID | None = None

    @property
    def price_before(self) -> int | None:
        """The price that the member saw last, when it is another one now."""
        if self.offer is None:
            return None
        same = (self.line.seen_minor, self.line.currency) == (self.offer.price_minor, self.offer.currency)
        return None if same else self.line.seen_minor

    @property
    def left(self) -> int:
        """How many could be bought; 0 when somebody else holds them or they are sold."""
        return max(0, self.offer.available) if self.offer is not None else 0

    @property
    def can_be_bought(self) -> bool:
        return self.offer is not None and self.line.quantity <= self.offer.available

    @property
    def total_minor(self) -> int:
        """What it costs now; nothing while it cannot be bought."""
        if self.offer is None or not self.can_be_bought:
            return 0
        return rules.line_total(self.offer.price_minor, self.line.quantity)


@dataclass(frozen=True)
class Group:
    """What one seller would send."""

    seller: "User"
    currency: str
    lines: list[InCart]
    terms: Terms = field(default_factory=Terms)
    #: What the seller agreed on with the member, of which all things may be here or not.
    agreed: list[Agreed] = field(default_factory=list)
    #: The voucher that the member entered for this seller.
    voucher: "offers.Entered | None" = None

    @property
    def bought(self) -> "list[tuple[market.Offer, int]]":
        """What of it can be bought, and how much of each."""
        return [(each.offer, each.line.quantity) for each in self.lines if each.offer and each.can_be_bought]

    @property
    def things(self) -> list[Thing]:
        return [Thing(offer.variant_id, offer.price_minor, quantity) for offer, quantity in self.bought]

    @cached_property
    def discounts(self) -> list[Discount]:
        is_usable = self.voucher is not None and self.voucher.voucher.currency == self.currency
        coupon = self.voucher.coupon if self.voucher and is_usable else None
        return prices.discounts_of(self.things, self.agreed, self.terms, coupon)

    @property
    def has_bundle(self) -> bool:
        return any(each.kind is Kind.BUNDLE for each in self.discounts)

    @property
    def voucher_note(self) -> str:
        """Why the voucher takes nothing off; empty when it does, or there is none."""
        if self.voucher is None or any(each.kind is Kind.VOUCHER for each in self.discounts):
            return ""
        least = self.voucher.voucher.minimum_minor
        if self.voucher.problem or not least:
            return self.voucher.problem or "It takes nothing off what has an agreed price."
        return f"It counts from {short_money(least, self.currency)} on, without what has an agreed price."

    @cached_property
    def ways(self) -> list[rules.Way]:
        """How everything can come, the cheapest way first; what was agreed on together comes together."""
        together = [each.variant_ids for each in prices.applying(self.things, self.agreed)]
        return deliveries_of([offer for offer, _ in self.bought], together)

    @cached_property
    def cost(self) -> rules.Sum:
        """With the cheapest way of delivery; another may be chosen at the checkout."""
        return rules.sum_of(
            [(thing.unit_minor, thing.quantity) for thing in self.things],
            self.ways[0].price_minor if self.ways else 0,
            [each.amount_minor for each in self.discounts],
        )

    @property
    def goods_minor(self) -> int:
        return self.cost.goods_minor

    @property
    def discount_minor(self) -> int:
        return self.cost.discount_minor

    @property
    def delivery_minor(self) -> int:
        return self.cost.delivery_minor

    @property
    def total_minor(self) -> int:
        return self.cost.total_minor


@dataclass(frozen=True)
class Cart:
    """Everything in the cart: what has an offer by seller, what has none apart."""

    groups: list[Group]
    gone: list[InCart]
    #: Vouchers for sellers of whom nothing is in the cart.
    idle: "list[offers.Entered]" = field(default_factory=list)

    @property
    def lines(self) -> list[InCart]:
        return [each for group in self.groups for each in group.lines] + self.gone

    @property
    def entered(self) -> "list[offers.Entered]":
        """Every voucher that waits in the cart."""
        return [group.voucher for group in self.groups if group.voucher] + self.idle

    @cached_property
    def totals(self) -> list[tuple[str, int]]:
        """What can be bought costs so much, delivery included, for each currency."""
        sums: dict[str, int] = {}
        for group in self.groups:
            if group.goods_minor:
                sums[group.currency] = sums.get(group.currency, 0) + group.total_minor
        return sorted(sums.items())

    @property
    def has_news(self) -> bool:
        """Whether a price changed since the member looked."""
        return any(each.price_before is not None for each in self.lines)


def deliveries_of(
    bought: "Sequence[market.Offer]", together: Sequence[Sequence[UUID]] = ()
) -> list[rules.Way]:
    """How these things of one seller can come together, cheapest first; those variants that are named
    `together` are one thing to deliver.
    """
    items = {each.item_id: each for each in bought}
    options: dict[UUID, Mapping[str, int]] = {
        item_id: {DELIVERIES[way.kind]: way.price_minor for way in each.deliveries}
        for item_id, each in items.items()
    }
    item_of = {each.variant_id: each.item_id for each in bought}
    parcels: list[Mapping[str, int]] = []
    for variant_ids in together:
        inside = dict.fromkeys(item_of[each] for each in variant_ids)
        parcels += rules.in_one_parcel([options.pop(each) for each in inside if each in options])
    return rules.ways([*parcels, *options.values()])


def cart_for(member_id: UUID) -> Cart:
    """The cart with what counts now. A fixed number of statements.

    What the member's own checkout holds can still be bought by the member.
    """
    lines = list(CartLine.objects.filter(member_id=member_id).order_by("id"))
    order_id = open_order_id(member_id)
    entered = offers.entered_by(member_id, order_id)
    if not lines:
        return Cart([], [], list(entered.values()))
    agreed = offers.agreed_of(member_id)
    whole, kept = _kept(lines, [each for some in agreed.values() for each in some])
    found = market.buyable_for(
        member_id, [line.variant_id for line in lines], order_id=order_id, agreed=whole
    )
    sellers = members_by_id({offer.seller_id for offer in found.values()})
    terms = market.terms_of(sellers)
    groups: dict[tuple[UUID, str], Group] = {}
    gone = []
    for line in lines:
        offer = found.get(line.variant_id)
        if offer is None:
            gone.append(InCart(line, None))
            continue
        seller_id, currency = offer.seller_id, offer.currency
        if (seller_id, currency) not in groups:
            voucher = entered.pop(seller_id, None)
            groups[seller_id, currency] = Group(
                sellers[seller_id], currency, [], terms[seller_id], agreed.get(seller_id, []), voucher
            )
        groups[seller_id, currency].lines.append(InCart(line, offer, kept.get(line.variant_id)))
    return Cart(list(groups.values()), gone, list(entered.values()))


def _kept(lines: Sequence[CartLine], agreed: Sequence[Agreed]) -> tuple[list[UUID], dict[UUID, UUID]]:
    """The agreements of which all things are in these lines; and, for the things of the others, which keeps
    them: they can be bought together alone.
    """
    things = [Thing(line.variant_id, line.seen_minor, line.quantity) for line in lines]
    whole = [each.id for each in prices.applying(things, agreed)]
    rest = [each for each in agreed if each.id not in whole]
    return whole, {variant_id: each.id for each in rest for variant_id in each.variant_ids}


def buyable_now(member_id: UUID, variant_ids: Sequence[UUID]) -> "dict[UUID, market.Offer]":
    """What the member may put into the cart; what is held for the member counts as there. Six statements."""
    return market.buyable_for(
        member_id,
        variant_ids,
        order_id=open_order_id(member_id),
        agreed=[each.id for some in offers.agreed_of(member_id).values() for each in some],
    )


def open_order_id(member_id: UUID) -> UUID | None:
    """The checkout that the member has begun. One statement."""
    return Order.objects.filter(open_of_id=member_id).values_list("id", flat=True).first()


def wants_reminder(member_id: UUID) -> bool:
    """Whether the member is reminded of a cart that is left. One statement."""
    return CartReminder.objects.filter(member_id=member_id).exists()


def waits_for(member_id: UUID, variant_ids: list[UUID]) -> set[UUID]:
    """For which of the variants the member waits. One statement."""
    rows = Waiting.objects.filter(member_id=member_id, variant_id__in=variant_ids)
    return set(rows.values_list("variant_id", flat=True))
