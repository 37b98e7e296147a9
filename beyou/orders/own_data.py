"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from beyou.core import personal
from beyou.core.personal import Fate, File, declare, json_list
from beyou.orders.models import CartLine, CartReminder, Order, SubOrder, Waiting
from beyou.orders.queries import address_of, timeline

BOUGHT, SOLD, CART, WAITING, REMINDER = (
    "market/bought.json",
    "market/sold.json",
    "market/cart.json",
    "market/waiting.json",
    "market/cart-reminder.json",
)
_WHY = (
    "A purchase has two sides, and law asks both to keep its record. You stand in it as “Deleted member”;"
    " where it was sent is erased."
)

declare("orders.CartLine", "member", what="What is in your cart", copied=CART)
declare("orders.CartReminder", "member", what="That you want to be reminded of your cart", copied=REMINDER)
declare("orders.Waiting", "member", what="What you wait for", copied=WAITING)
declare(
    *("orders.Order", "buyer", "open_of"),
    what="What you bought",
    fate=Fate.EMPTIED,
    why=_WHY,
    copied=BOUGHT,
)
declare("orders.SubOrder", "seller", what="What you sold", fate=Fate.KEPT, why=_WHY, copied=SOLD)
declare(
    *("orders.OrderLine", "part__order__buyer"),
    what="The things of your orders",
    fate=Fate.KEPT,
    why=_WHY,
    copied=BOUGHT,
)
declare(
    *("orders.PaymentAttempt", "order__buyer"),
    what="Your tries to pay orders",
    fate=Fate.KEPT,
    why=_WHY,
    not_copied="They say only which payment belongs to which order; the payments have a file of their own.",
)
declare(
    *("orders.OrderEvent", "order__buyer"),
    what="What happened to your orders",
    fate=Fate.KEPT,
    why=_WHY,
    copied=BOUGHT,
    mentions=("actor_id",),
)


@personal.part("orders")
def market(member_id: UUID) -> Iterator[File]:
    """What the member bought, with where it was sent, sold, chose and waits for."""
    orders = Order.objects.filter(buyer_id=member_id).order_by("id")
    yield json_list(BOUGHT, (_bought(order) for order in orders.iterator()))
    parts = SubOrder.objects.filter(seller_id=member_id).order_by("id")
    yield json_list(SOLD, (_part(part) for part in parts.iterator()))
    lines = CartLine.objects.filter(member_id=member_id).order_by("id")
    yield json_list(CART, lines.values("title", "quantity", "seen_minor", "currency", "added_at"))
    waits = Waiting.objects.filter(member_id=member_id).order_by("id")
    yield json_list(WAITING, waits.values("item_id", "created_at"))
    yield json_list(REMINDER, CartReminder.objects.filter(member_id=member_id).values("reminded_at"))


def _bought(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "state": order.state,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "begun": order.created_at,
        "paid": order.paid_at,
        "address": address_of(order),
        "parts": [_part(part) for part in order.parts.order_by("id")],
        "events": [
            {"at": event.at, "what": event.what, "by": event.actor, "detail": event.detail}
            for event in timeline(order.pk)
        ],
    }


def _part(part: SubOrder) -> dict[str, Any]:
    return {
        "number": part.number,
        "state": part.state,
        "goods_minor": part.goods_minor,
        "discount_minor": part.discount_minor,
        "discounts": [[each.words, each.amount_minor] for each in part.taken_off],
        "delivery": part.delivery_name,
        "delivery_minor": part.delivery_minor,
        "total_minor": part.total_minor,
        "currency": part.currency,
        "carrier": part.carrier,
        "tracking": part.tracking,
        "lines": list(part.lines.order_by("id").values("title", "quantity", "unit_minor", "total_minor")),
    }
