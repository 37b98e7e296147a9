"""Who traded what with whom, for the apps above."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from beyou.core.errors import NotFound
from beyou.orders.models import SubOrder
from beyou.orders.rules import State


@dataclass(frozen=True, slots=True)
class Trade:
    """A part of an order: who traded what, and since when it is delivered, if it is."""

    part_id: UUID
    number: str
    order_number: str
    buyer_id: UUID
    seller_id: UUID
    state: State
    delivered_at: dt.datetime | None
    titles: str


def trade_in(part: SubOrder) -> Trade:
    """The same of a part that has its order."""
    state = State(part.state)
    return Trade(
        part_id=part.pk,
        number=part.number,
        order_number=part.order.number,
        buyer_id=part.order.buyer_id,
        seller_id=part.seller_id,
        state=state,
        delivered_at=part.ended_at if state is State.DELIVERED else None,
        titles=part.titles,
    )


def trade_of(member_id: UUID, number: str) -> Trade:
    """The one door of both sides to what was paid for. Raises `NotFound` for everybody else."""
    rows = SubOrder.objects.filter(Q(seller_id=member_id) | Q(order__buyer_id=member_id), number=number)
    part = rows.exclude(state__in=(State.PENDING, State.CANCELLED)).select_related("order").first()
    if part is None:
        raise NotFound
    return trade_in(part)


def sold_by(seller_id: UUID) -> int:
    """How many parts of orders the seller sent that are delivered. One statement."""
    return SubOrder.objects.filter(seller_id=seller_id, state=State.DELIVERED).count()


def spans_to_ship(seller_id: UUID, limit: int = 50) -> list[dt.timedelta]:
    """How long the seller took from the payment until it was on its way, newest first. One statement."""
    rows = SubOrder.objects.filter(seller_id=seller_id, order__paid_at__isnull=False)
    shipped = (
        rows.filter(shipped_at__isnull=False).order_by("-id").values_list("shipped_at", "order__paid_at")
    )
    return [shipped_at - paid_at for shipped_at, paid_at in shipped[:limit] if shipped_at and paid_at]
