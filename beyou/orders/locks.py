"""Row locks. The order of an order's tables is: buyer, order, then stock; never the other way round."""

from uuid import UUID

from beyou.core.errors import NotFound
from beyou.orders.models import Order


def lock_order(order_id: UUID) -> Order:
    """The order, which nobody else changes until this transaction ends; its parts belong to it."""
    return Order.objects.select_for_update().get(id=order_id)


def lock_order_of(member_id: UUID, number: str) -> Order:
    """The same through the buyer's door. Raises `NotFound`."""
    order = Order.objects.select_for_update().filter(buyer_id=member_id, number=number).first()
    if order is None:
        raise NotFound
    return order


def lock_open_order(member_id: UUID) -> Order | None:
    """The checkout that the member has begun, locked."""
    return Order.objects.select_for_update().filter(open_of_id=member_id).first()
