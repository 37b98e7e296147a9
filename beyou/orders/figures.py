"""What statistics may know of orders."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Sum

from beyou.core import clock
from beyou.orders.models import Order, OrderLine, SubOrder
from beyou.orders.rules import ENDED, OrderState, State


@dataclass(frozen=True, slots=True)
class Begun:
    """Checkouts that were begun in a span of time, and what became of them so far."""

    count: int
    paid: int
    left: int


def begun(start: dt.datetime, end: dt.datetime) -> Begun:
    """One statement."""
    rows = Order.objects.filter(created_at__gte=start, created_at__lt=end)
    by_state = dict(rows.values_list("state").annotate(count=Count("id")).order_by())
    return Begun(
        count=sum(by_state.values()),
        paid=by_state.get(OrderState.PAID, 0),
        left=by_state.get(OrderState.CANCELLED, 0),
    )


def bought_by(start: dt.datetime, end: dt.datetime) -> set[UUID]:
    """Who paid for something. One statement."""
    return set(Order.objects.filter(paid_at__gte=start, paid_at__lt=end).values_list("buyer_id", flat=True))


def sold(start: dt.datetime, end: dt.datetime) -> list[tuple[UUID, int, UUID]]:
    """Item, units and buyer of each line that was paid. One statement."""
    rows = OrderLine.objects.filter(part__order__paid_at__gte=start, part__order__paid_at__lt=end)
    return list(rows.values_list("item_id", "quantity", "part__order__buyer_id"))


@dataclass(frozen=True, slots=True)
class SoldItem:
    """One item of a seller, as its newest sale called it."""

    item_id: UUID
    title: str
    currency: str
    units: int
    goods_minor: int


def sold_items(seller_id: UUID, start: dt.datetime, end: dt.datetime) -> list[SoldItem]:
    """What a seller was paid for, by item, before discounts and delivery. One statement."""
    rows = OrderLine.objects.filter(
        part__seller_id=seller_id, part__order__paid_at__gte=start, part__order__paid_at__lt=end
    )
    totals = rows.values("item_id", "title", "part__currency").annotate(
        units=Sum("quantity"), goods=Sum("total_minor")
    )
    return [
        SoldItem(row["item_id"], row["title"], row["part__currency"], int(row["units"]), int(row["goods"]))
        for row in totals.order_by("-goods", "item_id")
    ]


@dataclass(frozen=True, slots=True)
class ToDo:
    """What waits for a seller."""

    to_ship: int
    #: Until when the first of them should be on its way.
    ship_by: dt.datetime | None
    late: int


def to_do(seller_id: UUID) -> ToDo:
    """One statement."""
    rows = SubOrder.objects.filter(seller_id=seller_id, state=State.PAID)
    times = [moment for moment in rows.values_list("ship_by", flat=True) if moment is not None]
    return ToDo(len(times), min(times, default=None), sum(moment < clock.now() for moment in times))


def released_by(references: Collection[UUID]) -> dict[UUID, dt.datetime]:
    """When the money of parts that are on their way is the seller's at the latest. One statement."""
    rows = SubOrder.objects.filter(share_reference__in=references, confirm_by__isnull=False)
    rows = rows.exclude(state__in=ENDED)
    return {
        reference: confirm_by
        for reference, confirm_by in rows.values_list("share_reference", "confirm_by")
        if reference is not None and confirm_by is not None
    }
