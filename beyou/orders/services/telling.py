"""What the two sides of an order learn: a recorded row of its timeline, a notice, a frame."""

from uuid import UUID

import orjson
from django.db import transaction

from beyou.core.ports import realtime
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.orders.models import Order, OrderEvent, SubOrder
from beyou.orders.rules import Actor, What
from beyou.orders.services.recording import record


def note(
    order: Order,
    what: What,
    actor: Actor,
    *,
    part: SubOrder | None = None,
    actor_id: UUID | None = None,
    detail: str = "",
) -> None:
    """The timeline has one more row, and what is a step is recorded in the ledger with it; open pages of
    buyer and sellers look again after the commit. The caller has saved what it is about.
    """
    OrderEvent.objects.create(
        order=order, part=part, what=what.value, actor=actor.value, actor_id=actor_id, detail=detail[:200]
    )
    record(order, what, actor, part=part, actor_id=actor_id, detail=detail[:200])
    tell_order(order, [part] if part is not None else [])


def tell_order(order: Order, parts: list[SubOrder]) -> None:
    """After the commit the pages of the buyer and of these sellers learn that something moved."""
    rooms = {realtime.member_room(order.buyer_id): order.number}
    rooms |= {realtime.member_room(part.seller_id): part.number for part in parts}

    def tell() -> None:
        for room, number in rooms.items():
            realtime.publish([room], orjson.dumps({"type": "order", "number": number}))

    transaction.on_commit(tell)


def notify_buyer(order: Order, kind: Kind, *, actor_id: UUID | None = None, target: str = "") -> None:
    notify(member_id=order.buyer_id, kind=kind, actor_id=actor_id, target=target or f"/orders/{order.number}")


def notify_seller(part: SubOrder, kind: Kind, *, actor_id: UUID | None = None) -> None:
    notify(member_id=part.seller_id, kind=kind, actor_id=actor_id, target=f"/selling/orders/{part.number}")
