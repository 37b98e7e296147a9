"""What a buyer does between the cart and the payment: hold, choose, extend, give up."""

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from beyou.core import clock, keyring
from beyou.core.ports import options
from beyou.core.transactions import retried
from beyou.marketplace import services as market
from beyou.offers import services as offers
from beyou.offers.rules import Kind
from beyou.orders import queries, rules
from beyou.orders.errors import (
    EmptyCart,
    HoldOver,
    ItemsGone,
    MixedCurrencies,
    NoCheckout,
    NotExtendable,
    PaymentUnderWay,
    TotalChanged,
)
from beyou.orders.locks import lock_open_order, lock_order_of
from beyou.orders.models import Order, OrderLine, SubOrder
from beyou.orders.queries import Group
from beyou.orders.rules import Actor, OrderState, What
from beyou.orders.services.cart import accept_prices
from beyou.orders.services.recording import withdraw
from beyou.orders.services.telling import note
from beyou.payments import queries as payments

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_number() -> str:
    """Twelve random characters in three groups (58 bits), without those that look alike."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


@retried
def start(*, member_id: UUID, currency: str = "", seen_minor: int | None = None) -> Order:
    """What can be bought of the cart, in one currency, is held for the member for fifteen minutes; what was
    held before and still is goes on only to its old end.

    `seen_minor` is the total that the member saw. Raises `EmptyCart`, `MixedCurrencies` without a currency,
    `TotalChanged`, `PaymentUnderWay`, `ItemsGone` when somebody was faster, `VoucherOver` when somebody has
    the last use of a voucher, and `OfferOver`.
    """
    order = lock_open_order(member_id)
    if order is not None and order.state == OrderState.PAYING:
        raise PaymentUnderWay("Finish or stop it first.", number=order.number)
    cart = queries.cart_for(member_id)
    currency = _currency(cart, currency)
    if seen_minor is not None and seen_minor != dict(cart.totals)[currency]:
        raise TotalChanged(
            "Something changed since you looked at your cart. Nothing was ordered; look again."
        )
    accept_prices(member_id=member_id)
    order = _prepared(order, member_id, currency)
    _fill(order, [group for group in cart.groups if group.currency == currency and group.goods_minor])
    used = [each for part in order.parts.all() for each in part.references(Kind.VOUCHER)]
    offers.claim(member_id=member_id, order_id=order.pk, voucher_ids=used)
    hold(order)
    order.save()
    note(order, What.HELD, Actor.BUYER, actor_id=member_id)
    return order


def _currency(cart: queries.Cart, wanted: str) -> str:
    found = [currency for currency, _ in cart.totals]
    if not found:
        raise EmptyCart("Nothing in your cart can be bought just now. What is in it is kept.")
    if wanted in found:
        return wanted
    if wanted or len(found) > 1:
        raise MixedCurrencies("One checkout takes one currency. The rest stays in your cart.")
    return found[0]


def _prepared(order: Order | None, member_id: UUID, currency: str) -> Order:
    if order is None:
        # Of two tabs one makes the order; the other goes on with it.
        Order.objects.get_or_create(
            open_of_id=member_id, defaults={"buyer_id": member_id, "number": new_number()}
        )
        order = _open(member_id)
    withdraw(order, Actor.BUYER, member_id)
    order.parts.all().delete()
    offers.give_back(order_id=order.pk)
    order.currency, order.attempt_id, order.failure = currency, None, ""
    order.save()
    return order


def _fill(order: Order, groups: list[Group]) -> None:
    """The order has one part per seller, with snapshots of what it buys."""
    for group in groups:
        cost, ways = group.cost, group.ways
        part = SubOrder.objects.create(
            number=new_number(),
            order=order,
            seller_id=group.seller.pk,
            currency=group.currency,
            goods_minor=cost.goods_minor,
            discount_minor=cost.discount_minor,
            discounts=[
                [each.kind.value, str(each.reference or ""), each.words, each.amount_minor]
                for each in group.discounts
            ],
            delivery_minor=cost.delivery_minor,
            total_minor=cost.total_minor,
            fee_minor=payments.fee_for(cost.paid_goods_minor),
            claim_days=options.number("claim_days"),
            ways=[[way.name, way.price_minor] for way in ways],
            delivery_name=ways[0].name if ways else "",
        )
        for offer, quantity in group.bought:
            OrderLine.objects.create(
                part=part,
                item_id=offer.item_id,
                variant_id=offer.variant_id,
                title=offer.title,
                variant_name=offer.variant,
                condition=offer.condition,
                description=offer.description,
                version=offer.version,
                unit_minor=offer.price_minor,
                quantity=quantity,
                total_minor=rules.line_total(offer.price_minor, quantity),
            )
    order.total_minor = rules.total_of(group.cost for group in groups)


def hold(order: Order) -> None:
    """The order's things are held, all or none, in a transaction; the caller saves. What an agreed offer
    holds stays held under it. Raises `ItemsGone`, `OfferOver`.
    """
    if not queries.is_held(order):
        order.held_until, order.is_extended = clock.now() + rules.HOLD, False
    until = order.held_until or clock.now()
    offer_ids = queries.offers_in(order)
    offers.keep(buyer_id=order.buyer_id, offer_ids=offer_ids, until=until)
    gone = market.reserve(
        buyer_id=order.buyer_id,
        order_id=order.pk,
        lines=list(queries.own_units(order, offer_ids).items()),
        until=until,
    )
    if gone:
        lines = OrderLine.objects.filter(part__order=order)
        titles = dict(lines.values_list("variant_id", "title"))
        named = ", ".join(titles[each.variant_id] for each in gone)
        raise ItemsGone(
            f"Somebody else holds or has bought: {named}. Nothing was charged, and your cart is kept.",
            gone=[{"variant": each.variant_id, "left": each.left} for each in gone],
        )


@retried
def extend(*, member_id: UUID) -> Order:
    """The things are held for longer, once. Raises `NoCheckout`, `HoldOver`, `NotExtendable`, `OfferOver`."""
    order = _open(member_id)
    prolong(order)
    order.save(update_fields=["held_until", "is_extended"])
    return order


def prolong(order: Order) -> None:
    """The same for a locked order; the caller saves."""
    if not queries.is_held(order) or order.held_until is None:
        raise HoldOver(_OVER)
    if order.is_extended:
        raise NotExtendable("A hold can be extended once. Please finish while it lasts.")
    order.held_until, order.is_extended = rules.extended(order.held_until), True
    offer_ids = queries.offers_in(order)
    offers.keep(buyer_id=order.buyer_id, offer_ids=offer_ids, until=order.held_until)
    has_own = bool(queries.own_units(order, offer_ids))
    if has_own and not market.extend(order_id=order.pk, until=order.held_until):
        raise HoldOver(_OVER)
    note(order, What.EXTENDED, Actor.BUYER, actor_id=order.buyer_id)


_OVER = "Your things are not held any more. Your cart and what you typed are kept; hold them again to go on."


def _open(member_id: UUID) -> Order:
    order = lock_open_order(member_id)
    if order is None:
        raise NoCheckout("Begin in your cart.")
    return order


@dataclass(frozen=True, slots=True)
class Choices:
    """What the buyer fills in: the address by field, and the way of delivery by the number of each part."""

    address: Mapping[str, str]
    ways: Mapping[str, str]


@retried
def choose(*, member_id: UUID, number: str, choices: Choices) -> Order:
    """The checkout remembers the address, sealed, and costs what the chosen ways of delivery cost. What is
    not offered is not chosen. Nothing changes once the buyer was sent to pay.

    Raises `NotFound`.
    """
    order = lock_order_of(member_id, number)
    if order.state != OrderState.PENDING:
        return order
    if any(choices.address.values()):
        order.address = keyring.seal_field(
            json.dumps(dict(choices.address)), table="orders", column="address", row_id=order.pk
        )
    sums = []
    for part in order.parts.order_by("id"):
        prices = {way.name: way.price_minor for way in queries.ways_of(part)}
        name = choices.ways.get(part.number, "")
        if name in prices:
            part.delivery_name, part.delivery_minor = name, prices[name]
            part.total_minor = part.goods_minor - part.discount_minor + part.delivery_minor
            part.save(update_fields=["delivery_name", "delivery_minor", "total_minor"])
        sums.append(rules.Sum(part.goods_minor, part.delivery_minor, part.discount_minor))
    order.total_minor = rules.total_of(sums)
    order.save(update_fields=["address", "total_minor"])
    return order


def time_left(order: Order) -> dt.timedelta:
    """For how long the order's things are still held; nothing when they are not."""
    if order.held_until is None:
        return dt.timedelta()
    return max(dt.timedelta(), order.held_until - clock.now())
