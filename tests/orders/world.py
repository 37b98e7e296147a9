"""A small market: alice sells, bob and charlie buy, the bank is the sandbox."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from beyou.core import clock, events
from beyou.core.ids import uuid7
from beyou.marketplace.models import Variant
from beyou.marketplace.rules import Delivery
from beyou.orders import queries, rules, services
from beyou.orders.models import Order, OrderLine, SubOrder
from beyou.orders.rules import Actor, What
from beyou.orders.services.checkout import new_number
from beyou.orders.services.recording import record
from beyou.payments.models import Account
from beyou.payments.services import do_next_task
from beyou.sandbox.models import BankCharge
from beyou.sandbox.rules import Card
from beyou.sandbox.services import counter, notices
from beyou.users.models import User
from tests.factories import market, members

ADDRESS = {
    "name": "Bob Birch",
    "street": "1 Harbour Road",
    "postcode": "1071 AB",
    "city": "Amsterdam",
    "country": "Netherlands",
}


def trader(handle: str, name: str = "") -> User:
    """A verified member."""
    return market.seller(members.member(handle, name=name))


def offer(
    seller: User,
    title: str = "Brass lamp",
    *,
    price: int = 2400,
    stock: int = 1,
    currency: str = "EUR",
    ways: dict[str, int] | None = None,
) -> Variant:
    """Something for sale, with its one variant."""
    kinds = tuple((Delivery(kind), cost) for kind, cost in (ways or {"parcel": 450}).items())
    return market.variant(
        market.item(seller, title, price=price, stock=stock, currency=currency, deliveries=kinds)
    )


def begin(buyer: User, *variants: Variant, quantity: int = 1) -> Order:
    """The buyer's checkout holds these things."""
    for variant in variants:
        services.put(member_id=buyer.pk, variant_id=variant.pk, quantity=quantity)
    return services.start(member_id=buyer.pk)


def pay(order: Order) -> services.Paying:
    """The buyer presses Pay on the page as it is now."""
    order.refresh_from_db()
    choices = services.Choices(address=ADDRESS, ways={})
    return services.pay(
        member_id=order.buyer_id, number=order.number, choices=choices, seen_minor=order.total_minor
    )


def charge_of(order: Order) -> BankCharge:
    """What the bank knows of the order's current try."""
    attempt = queries.current_attempt(Order.objects.get(pk=order.pk))
    assert attempt is not None
    return BankCharge.objects.get(key=attempt.payment_id)


def use_card(order: Order, card: Card = Card.SUCCESS) -> None:
    """The buyer chooses a card on the bank's page, and everything that follows at once has happened."""
    counter.pay(reference=charge_of(order).reference, card=card)
    settle_down()


def settle_down() -> None:
    """Nothing is left that is due at this moment: notices, gateway tasks and events."""
    for _ in range(200):
        if not (notices.deliver_next() or do_next_task() or events.drain()):
            return
    raise AssertionError("something goes on for ever")


def buy(buyer: User, *variants: Variant, quantity: int = 1) -> Order:
    """An order that is paid."""
    order = begin(buyer, *variants, quantity=quantity)
    pay(order)
    use_card(order)
    order.refresh_from_db()
    assert order.state == "paid"
    return order


def balance(kind: str, holder: UUID | str = "") -> int:
    """What an account in euros has."""
    found = Account.objects.filter(key=f"{kind}:EUR:{holder}").values_list("balance_minor", flat=True).first()
    return found or 0


def bare_order(buyer: User, seller: User) -> SubOrder:
    """Rows of an order that is on its way, and its steps, without its payment: for walks over pages."""
    order = Order.objects.create(
        number=new_number(), buyer=buyer, state="paid", currency="EUR", total_minor=2850, paid_at=clock.now()
    )
    moment = clock.now()
    part = SubOrder.objects.create(
        number=new_number(), order=order, seller=seller, state="shipped", currency="EUR", goods_minor=2400,
        delivery_minor=450, total_minor=2850, share_reference=uuid7(), carrier="Post", ship_by=moment,
        shipped_at=moment, confirm_by=moment + rules.CONFIRM_WITHIN,
    )  # fmt: skip
    OrderLine.objects.create(
        part=part, item_id=uuid7(), variant_id=uuid7(), title="Brass lamp", unit_minor=2400, quantity=1,
        total_minor=2400,
    )  # fmt: skip
    with transaction.atomic():
        for what, actor, who in (
            (What.PAYING, Actor.BUYER, buyer.pk),
            (What.PAID, Actor.GATEWAY, None),
            (What.SHIPPED, Actor.SELLER, seller.pk),
        ):
            record(order, what, actor, part=part, actor_id=who, detail="")
    return part
