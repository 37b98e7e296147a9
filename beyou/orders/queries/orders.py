"""Reading checkouts, orders and sales."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.offers import queries as offers
from beyou.offers.rules import Kind
from beyou.orders import rules
from beyou.orders.models import Order, OrderEvent, OrderLine, PaymentAttempt, SubOrder
from beyou.orders.rules import ENDED, OrderState, State

PAGE = 20


def order_of(member_id: UUID, number: str) -> Order:
    """The one door of buyers to an order. Raises `NotFound` for somebody else's as for a missing one."""
    order = _whole(Order.objects.filter(buyer_id=member_id, number=number)).first()
    if order is None:
        raise NotFound
    return order


def open_order(member_id: UUID) -> Order | None:
    """The checkout that the member has begun, with everything in it. Three statements."""
    return _whole(Order.objects.filter(open_of_id=member_id)).first()


def _whole(rows: QuerySet[Order]) -> QuerySet[Order]:
    lines = OrderLine.objects.order_by("id")
    parts = SubOrder.objects.select_related("seller").order_by("id")
    return rows.prefetch_related(
        Prefetch("parts", parts.prefetch_related(Prefetch("lines", lines)), to_attr="all_parts")
    )


def part_of(seller_id: UUID, number: str) -> SubOrder:
    """The one door of sellers to what they sold. Raises `NotFound`, also before it was paid."""
    rows = SubOrder.objects.filter(seller_id=seller_id, number=number).exclude(
        state__in=(State.PENDING, State.CANCELLED)
    )
    part = rows.select_related("order__buyer", "seller").prefetch_related("lines").first()
    if part is None:
        raise NotFound
    return part


def part_between(member_id: UUID, number: str) -> SubOrder:
    """The door of both sides to one part, with order, people and things. Raises `NotFound`, also before it
    was paid.
    """
    rows = SubOrder.objects.filter(Q(seller_id=member_id) | Q(order__buyer_id=member_id), number=number)
    rows = rows.exclude(state__in=(State.PENDING, State.CANCELLED))
    part = rows.select_related("order__buyer", "seller").prefetch_related("lines").first()
    if part is None:
        raise NotFound
    return part


def address_of(order: Order) -> dict[str, str]:
    """Where to send it, by field; empty when it was never said or is erased. Raises `Undecryptable`."""
    if not order.address:
        return {}
    found: dict[str, str] = json.loads(
        keyring.open_field(bytes(order.address), table="orders", column="address", row_id=order.pk)
    )
    return found


def address_for_seller(part: SubOrder) -> dict[str, str]:
    """Where the seller sends it; whoever has nothing left to send needs no address either."""
    return address_of(part.order) if State(part.state) not in ENDED else {}


def last_address(member_id: UUID) -> dict[str, str]:
    """Where the member had something sent last. One statement."""
    rows = Order.objects.filter(buyer_id=member_id, state=OrderState.PAID).exclude(address=b"")
    order = rows.order_by("-id").first()
    return address_of(order) if order else {}


def current_attempt(order: Order) -> PaymentAttempt | None:
    return PaymentAttempt.objects.filter(id=order.attempt_id).first() if order.attempt_id else None


def timeline(order_id: UUID, part_id: UUID | None = None) -> list[OrderEvent]:
    """What happened to the order, or to the whole order as the seller of one part may know it. One
    statement.
    """
    rows = OrderEvent.objects.filter(order_id=order_id).order_by("id")
    if part_id is not None:
        rows = rows.filter(Q(part_id=part_id) | Q(part=None, what=rules.What.PAID))
    return list(rows.select_related("part"))


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders, the newest first; `next` continues behind the last one."""

    items: list[Order]
    next: UUID | None


def orders_of(member_id: UUID, *, before: UUID | None = None, limit: int = PAGE) -> OrderPage:
    """What the member bought or began to buy. Three statements, whatever the number."""
    rows = _whole(Order.objects.filter(buyer_id=member_id).order_by("-id"))
    if before is not None:
        rows = rows.filter(id__lt=before)
    items = list(rows[: limit + 1])
    return OrderPage(items[:limit], items[limit - 1].pk if len(items) > limit else None)


@dataclass(frozen=True, slots=True)
class SalePage:
    items: list[SubOrder]
    next: UUID | None


def sales_of(member_id: UUID, *, before: UUID | None = None, limit: int = PAGE) -> SalePage:
    """What the member sold and was paid for, the newest first. Two statements, whatever the number."""
    rows = SubOrder.objects.filter(seller_id=member_id).exclude(state__in=(State.PENDING, State.CANCELLED))
    rows = rows.select_related("order__buyer").prefetch_related("lines").order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    items = list(rows[: limit + 1])
    return SalePage(items[:limit], items[limit - 1].pk if len(items) > limit else None)


def ways_of(part: SubOrder) -> list[rules.Way]:
    """The ways of delivery that the buyer may choose from."""
    return [rules.Way(str(name), int(price)) for name, price in part.ways]


def is_held(order: Order) -> bool:
    return rules.is_held(order.held_until, clock.now())


def parts_of(order: Order) -> list[SubOrder]:
    """The parts that came with the order; its queries have fetched them."""
    found: list[SubOrder] = order.all_parts  # type: ignore[attr-defined]  # prefetched by `_whole`
    return found


def progress_of(order: Order) -> rules.Progress:
    return rules.progress(OrderState(order.state), [State(part.state) for part in parts_of(order)])


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """One line of the list of orders."""

    order: Order
    progress: rules.Progress
    words: str
    titles: str


def order_line(order: Order) -> OrderSummary:
    """Without a statement: the page has fetched everything."""
    progress = progress_of(order)
    titles = [line.title for part in parts_of(order) for line in part.lines.all()]
    return OrderSummary(order, progress, rules.PROGRESS_WORDS[progress], ", ".join(titles))


def number_of_part(buyer_id: UUID, number: str) -> str:
    """The number of the order that the part belongs to. Raises `NotFound`."""
    rows = SubOrder.objects.filter(order__buyer_id=buyer_id, number=number)
    found = rows.values_list("order__number", flat=True).first()
    if found is None:
        raise NotFound
    return found


def offers_in(order: Order) -> list[UUID]:
    """The agreed offers under which the order buys. One statement."""
    parts = SubOrder.objects.filter(order=order).order_by("id")
    return [offer_id for part in parts for offer_id in part.references(Kind.OFFER)]


def own_units(order: Order, offer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """variant → how many units the order itself has to hold: those that no agreed offer holds. Two
    statements.
    """
    wanted: dict[UUID, int] = {}
    rows = OrderLine.objects.filter(part__order=order).order_by("id")
    for variant_id, quantity in rows.values_list("variant_id", "quantity"):
        wanted[variant_id] = wanted.get(variant_id, 0) + quantity
    for variant_id, units in offers.units_under(offer_ids).items():
        wanted[variant_id] = wanted.get(variant_id, 0) - units
    return {variant_id: units for variant_id, units in wanted.items() if units > 0}
