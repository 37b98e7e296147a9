"""Carts, orders and sales as the API writes them."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from beyou.offers.rules import Discount
from beyou.orders import queries
from beyou.orders.models import Order, OrderEvent, SubOrder
from beyou.orders.queries import Cart, InCart

if TYPE_CHECKING:
    from beyou.offers.queries import Entered
    from beyou.users.models import User


def _ms(moment: dt.datetime | None) -> int | None:
    return round(moment.timestamp() * 1000) if moment else None


def _person(member: "User") -> dict[str, Any]:
    return {"id": str(member.pk), "handle": member.handle, "name": member.name}


def shown_cart(cart: Cart) -> dict[str, Any]:
    return {
        "groups": [
            {
                "seller": _person(group.seller),
                "currency": group.currency,
                "lines": [_line(each) for each in group.lines],
                "goods_minor": group.goods_minor,
                "discount_minor": group.discount_minor,
                "discounts": [_discount(each) for each in group.discounts],
                "voucher": _voucher(group.voucher, group.voucher_note),
                "delivery_minor": group.delivery_minor,
                "total_minor": group.total_minor,
            }
            for group in cart.groups
        ],
        "gone": [_line(each) for each in cart.gone],
        "vouchers": [_voucher(each, "Nothing of its seller is in the cart.") for each in cart.idle],
        "totals": [{"currency": currency, "total_minor": total} for currency, total in cart.totals],
    }


def _discount(each: Discount) -> dict[str, Any]:
    return {
        "kind": each.kind.value,
        "reference": str(each.reference) if each.reference else None,
        "words": each.words,
        "amount_minor": each.amount_minor,
    }


def _voucher(entered: "Entered | None", note: str) -> dict[str, Any] | None:
    """A voucher that waits in the cart; `note` says why it takes nothing off."""
    if entered is None:
        return None
    return {"id": str(entered.voucher.pk), "words": entered.voucher.words, "note": note or None}


def _line(each: InCart) -> dict[str, Any]:
    return {
        "variant": str(each.line.variant_id),
        "title": each.line.title,
        "quantity": each.line.quantity,
        "left": each.left,
        "unit_minor": each.offer.price_minor if each.offer else None,
        "unit_before_minor": each.price_before,
        "total_minor": each.total_minor,
    }


def shown_order(order: Order) -> dict[str, Any]:
    """An order as its buyer sees it; its parts have been fetched with it."""
    return {
        "number": order.number,
        "state": queries.progress_of(order).value,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "held_until_ms": _ms(order.held_until) if order.open_of_id else None,
        "is_extended": order.is_extended,
        "failure": order.failure or None,
        "created_ms": _ms(order.created_at),
        "paid_ms": _ms(order.paid_at),
        "parts": [_part(part) | {"seller": _person(part.seller)} for part in queries.parts_of(order)],
    }


def shown_sale(part: SubOrder) -> dict[str, Any]:
    """A part as its seller sees it."""
    return _part(part) | {
        "buyer": _person(part.order.buyer),
        "fee_minor": part.fee_minor,
        "payout_minor": part.payout_minor,
        "paid_ms": _ms(part.order.paid_at),
    }


def _part(part: SubOrder) -> dict[str, Any]:
    return {
        "number": part.number,
        "state": part.state,
        "currency": part.currency,
        "goods_minor": part.goods_minor,
        "discount_minor": part.discount_minor,
        "discounts": [_discount(each) for each in part.taken_off],
        "delivery": part.delivery_name,
        "delivery_minor": part.delivery_minor,
        "total_minor": part.total_minor,
        "ways": [{"name": way.name, "price_minor": way.price_minor} for way in queries.ways_of(part)],
        "carrier": part.carrier,
        "tracking": part.tracking,
        "ship_by_ms": _ms(part.ship_by),
        "confirm_by_ms": _ms(part.confirm_by),
        "lines": [
            {
                "item": str(line.item_id),
                "variant": str(line.variant_id),
                "title": line.title,
                "choice": line.variant_name,
                "unit_minor": line.unit_minor,
                "quantity": line.quantity,
                "total_minor": line.total_minor,
            }
            for line in part.lines.all()
        ],
    }


def shown_event(event: OrderEvent) -> dict[str, Any]:
    return {
        "at_ms": _ms(event.at),
        "what": event.what,
        "by": event.actor,
        "part": event.part.number if event.part else None,
        "detail": event.shown_detail or None,
    }
