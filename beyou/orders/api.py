"""The API of carts, checkouts, orders and sales. Amounts are in the smallest unit of their currency."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictBool, StrictInt, StrictStr

from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.offers import services as offers
from beyou.orders import queries, services, wire
from beyou.orders.errors import NoCheckout
from beyou.orders.models import Order
from beyou.users.http import member_id_of
from beyou.verification.http import verified_required

router = Router(tags=["orders"])

_Line = Annotated[StrictStr, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
_Total = Annotated[StrictInt, Field(ge=0, le=10**15)]
_Number = Annotated[StrictStr, Field(pattern=r"^[0-9A-Z-]{1,14}$")]


class PageQuery(Input):
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


class QuantityIn(Input):
    # Out of bounds it is refused by the service, which says what is possible.
    quantity: Annotated[StrictInt, Field(ge=-(2**31), le=2**31)]


class ReminderIn(Input):
    wanted: StrictBool


class VoucherCodeIn(Input):
    code: Annotated[StrictStr, Field(max_length=100, pattern=r"^[^\x00]*$")]


class CheckoutIn(Input):
    currency: Annotated[StrictStr, Field(pattern=r"^([A-Z]{3})?$")] = ""
    total_minor: _Total | None = None


class AddressIn(Input):
    name: _Line
    street: _Line
    postcode: Annotated[StrictStr, Field(min_length=1, max_length=20, pattern=r"^[^\x00]*$")]
    city: _Line
    country: _Line


class PayIn(Input):
    """`total_minor` is what the buyer saw; `ways` names the delivery of each part by its number."""

    number: _Number
    total_minor: _Total
    address: AddressIn
    ways: Annotated[dict[_Number, _Line], Field(max_length=50)] = {}


class ShipIn(Input):
    carrier: _Line
    tracking: Annotated[StrictStr, Field(max_length=60, pattern=r"^[^\x00]*$")] = ""


class ReasonIn(Input):
    reason: Annotated[StrictStr, Field(max_length=150, pattern=r"^[^\x00]*$")] = ""


def _order(member_id: UUID, order: Order) -> HttpResponse:
    return json_response(wire.shown_order(queries.order_of(member_id, order.number)))


@router.get("/cart")
@verified_required
def get_cart(request: HttpRequest) -> HttpResponse:
    """The cart by seller, with what counts now."""
    return json_response(wire.shown_cart(queries.cart_for(member_id_of(request))))


@router.put("/cart/reminder")
@verified_required
def set_cart_reminder(request: HttpRequest, body: ReminderIn) -> HttpResponse:
    """Whether I am reminded, once, of a cart that I leave for a day."""
    services.set_reminder(member_id=member_id_of(request), wanted=body.wanted)
    return HttpResponse(status=204)


@router.put("/cart/{uuid:variant_id}")
@verified_required
def put_in_cart(request: HttpRequest, variant_id: UUID, body: QuantityIn) -> HttpResponse:
    """So many of the variant are in the cart."""
    services.put(member_id=member_id_of(request), variant_id=variant_id, quantity=body.quantity)
    return json_response(wire.shown_cart(queries.cart_for(member_id_of(request))))


@router.delete("/cart/{uuid:variant_id}")
@verified_required
def remove_from_cart(request: HttpRequest, variant_id: UUID) -> HttpResponse:
    services.remove(member_id=member_id_of(request), variant_id=variant_id)
    return HttpResponse(status=204)


@router.put("/cart/offers/{uuid:offer_id}")
@verified_required
def put_offer_in_cart(request: HttpRequest, offer_id: UUID) -> HttpResponse:
    """The things of an offer that was agreed on are in the cart, at their price."""
    services.put_offer(member_id=member_id_of(request), offer_id=offer_id)
    return json_response(wire.shown_cart(queries.cart_for(member_id_of(request))))


@router.post("/cart/vouchers")
@verified_required
def enter_voucher(request: HttpRequest, body: VoucherCodeIn) -> HttpResponse:
    """The voucher counts in the cart; the next order uses it."""
    offers.enter(member_id=member_id_of(request), code=body.code)
    return json_response(wire.shown_cart(queries.cart_for(member_id_of(request))))


@router.delete("/cart/vouchers/{uuid:voucher_id}")
@verified_required
def remove_voucher(request: HttpRequest, voucher_id: UUID) -> HttpResponse:
    """The next order does not use it."""
    offers.remove(member_id=member_id_of(request), voucher_id=voucher_id)
    return HttpResponse(status=204)


@router.get("/checkout")
@verified_required
def get_checkout(request: HttpRequest) -> HttpResponse:
    """The checkout that I have begun; `no_checkout` without one."""
    order = queries.open_order(member_id_of(request))
    if order is None:
        raise NoCheckout("Begin with a POST to /checkout.")
    return json_response(wire.shown_order(order))


@router.post("/checkout")
@verified_required
def start_checkout(request: HttpRequest, body: CheckoutIn) -> HttpResponse:
    """Holds what can be bought of the cart for fifteen minutes; `items_gone` names what was lost."""
    order = services.start(
        member_id=member_id_of(request), currency=body.currency, seen_minor=body.total_minor
    )
    return _order(member_id_of(request), order)


@router.post("/checkout/extend")
@verified_required
def extend_checkout(request: HttpRequest) -> HttpResponse:
    """Holds for fifteen minutes more, once."""
    return _order(member_id_of(request), services.extend(member_id=member_id_of(request)))


@router.post("/checkout/pay")
@verified_required
def pay_checkout(request: HttpRequest, body: PayIn) -> HttpResponse:
    """Where I pay: `pay_at` is a path of this site. A repeat leads to the same payment."""
    choices = services.Choices(address=body.address.model_dump(), ways=body.ways)
    paying = services.pay(
        member_id=member_id_of(request), number=body.number, choices=choices, seen_minor=body.total_minor
    )
    return json_response(
        {"number": paying.number, "is_paid": paying.is_paid, "pay_at": paying.address or None}
    )


@router.post("/checkout/stop")
@verified_required
def stop_payment(request: HttpRequest) -> HttpResponse:
    """Calls the payment off that is under way; the checkout goes on."""
    services.stop(member_id=member_id_of(request))
    return HttpResponse(status=204)


@router.get("/orders")
def list_orders(request: HttpRequest, query: Query[PageQuery]) -> HttpResponse:
    """What I bought, the newest first."""
    page = queries.orders_of(member_id_of(request), before=query.cursor, limit=query.limit)
    items = [wire.shown_order(order) for order in page.items]
    return json_response({"items": items, "next": str(page.next) if page.next else None})


@router.get("/orders/{slug:number}")
def get_order(request: HttpRequest, number: str) -> HttpResponse:
    """One order with its timeline and where it goes."""
    order = queries.order_of(member_id_of(request), number)
    events = [wire.shown_event(event) for event in queries.timeline(order.pk)]
    return json_response(wire.shown_order(order) | {"address": queries.address_of(order), "events": events})


@router.get("/orders/{slug:number}/receipt")
def get_order_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """What proves every step of my order offline (`beyou-ledger receipt`); the newest may still wait."""
    return json_response(queries.bought_receipt(member_id_of(request), number))


@router.post("/orders/{slug:number}/cancel")
def cancel_order(request: HttpRequest, number: str) -> HttpResponse:
    """Ends an order that is not paid."""
    services.cancel(member_id=member_id_of(request), number=number)
    return HttpResponse(status=204)


@router.post("/orders/parts/{slug:number}/confirm")
def confirm_part(request: HttpRequest, number: str) -> HttpResponse:
    """It has arrived; the seller gets the money."""
    services.confirm(buyer_id=member_id_of(request), number=number)
    return HttpResponse(status=204)


@router.post("/orders/parts/{slug:number}/call-off")
def step_back(request: HttpRequest, number: str) -> HttpResponse:
    """Steps back from a seller who is late; the money goes back."""
    queries.number_of_part(member_id_of(request), number)
    services.call_off(member_id=member_id_of(request), number=number)
    return HttpResponse(status=204)


@router.get("/selling/orders")
def list_sales(request: HttpRequest, query: Query[PageQuery]) -> HttpResponse:
    """What I sold, the newest first."""
    page = queries.sales_of(member_id_of(request), before=query.cursor, limit=query.limit)
    items = [wire.shown_sale(part) for part in page.items]
    return json_response({"items": items, "next": str(page.next) if page.next else None})


@router.get("/selling/orders/{slug:number}")
def get_sale(request: HttpRequest, number: str) -> HttpResponse:
    """One sale with its timeline; the address while there is something to send."""
    part = queries.part_of(member_id_of(request), number)
    events = [wire.shown_event(event) for event in queries.timeline(part.order_id, part.pk)]
    return json_response(
        wire.shown_sale(part) | {"address": queries.address_for_seller(part), "events": events}
    )


@router.get("/selling/orders/{slug:number}/receipt")
def get_sale_receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The same for one sale of mine."""
    return json_response(queries.sold_receipt(member_id_of(request), number))


@router.post("/selling/orders/{slug:number}/ship")
def ship_sale(request: HttpRequest, number: str, body: ShipIn) -> HttpResponse:
    """It is on its way; sent again it corrects carrier and tracking number."""
    services.ship(
        seller_id=member_id_of(request), number=number, carrier=body.carrier, tracking=body.tracking
    )
    return HttpResponse(status=204)


@router.post("/selling/orders/{slug:number}/call-off")
def call_off_sale(request: HttpRequest, number: str, body: ReasonIn) -> HttpResponse:
    """I cannot send it; the buyer gets everything back."""
    queries.part_of(member_id_of(request), number)
    services.call_off(member_id=member_id_of(request), number=number, reason=body.reason)
    return HttpResponse(status=204)
