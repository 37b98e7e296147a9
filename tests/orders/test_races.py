"""Many who want the same thing at the same moment, on whatever engine the suite runs."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from beyou.core import clock
from beyou.core.errors import ApplicationError
from beyou.marketplace import services as market
from beyou.marketplace.models import Reservation
from beyou.orders import rules, services
from beyou.orders.models import Order, PaymentAttempt, SubOrder
from beyou.payments.models import Payment, Refund
from beyou.sandbox.models import BankCharge
from beyou.sandbox.rules import Card
from beyou.sandbox.services import counter
from tests.blocks.test_races import at_once
from tests.orders.world import balance, begin, buy, charge_of, offer, pay, settle_down, trader

pytestmark = pytest.mark.django_db(transaction=True)


def tried(job: Callable[[], object], done: list[object]) -> None:
    with suppress(ApplicationError):
        done.append(job())


def test_of_sixteen_buyers_of_one_thing_exactly_one_holds_it() -> None:
    alice = trader("alice")
    buyers = [trader(f"buyer_{number}") for number in range(16)]
    for number in range(2):
        lamp = offer(alice, f"Lamp {number}")
        for buyer in buyers:
            services.put(member_id=buyer.pk, variant_id=lamp.pk, quantity=1)
        won: list[object] = []
        at_once([partial(tried, partial(services.start, member_id=buyer.pk), won) for buyer in buyers])
        assert len(won) == 1
        assert Reservation.objects.filter(variant=lamp).count() == 1
        assert Order.objects.filter(parts__lines__variant_id=lamp.pk).count() == 1
        (order,) = won
        assert isinstance(order, Order)
        services.cancel(member_id=order.buyer_id, number=order.number)
        for buyer in buyers:
            services.remove(member_id=buyer.pk, variant_id=lamp.pk)


def test_of_fifty_racers_for_five_exactly_five_hold_one() -> None:
    from beyou.core.ids import uuid7

    alice, bob = trader("alice"), trader("bob")
    mugs, until = offer(alice, "Mug", stock=5), clock.now() + rules.HOLD
    done: list[bool] = []

    def race() -> None:
        gone = market.reserve(buyer_id=bob.pk, order_id=uuid7(), lines=[(mugs.pk, 1)], until=until)
        done.append(not gone)

    at_once([race] * 50)
    assert sorted(done) == [False] * 45 + [True] * 5
    assert Reservation.objects.count() == 5


def test_orders_of_the_same_things_in_another_order_never_wait_for_each_other() -> None:
    from beyou.core.ids import uuid7

    alice, bob = trader("alice"), trader("bob")
    things = [offer(alice, f"Thing {number}", stock=20).pk for number in range(4)]
    until = clock.now() + rules.HOLD

    def take(step: int) -> None:
        order_id, lines = uuid7(), [(each, 1) for each in things[::step]]
        assert not market.reserve(buyer_id=bob.pk, order_id=order_id, lines=lines, until=until)
        market.release(order_id=order_id)

    at_once([partial(take, 1 if number % 2 else -1) for number in range(12)])
    assert not Reservation.objects.exists()


def test_stock_is_given_back_once_however_many_give_it_back() -> None:
    alice, bob = trader("alice"), trader("bob")
    lamp = offer(alice, stock=2)
    order = begin(bob, lamp)
    clock.shift(int(rules.HOLD.total_seconds() * 1000) + 1)
    at_once([market.sweep, market.sweep, partial(market.release, order_id=order.pk)] * 2)
    lamp.refresh_from_db()
    assert (lamp.stock, Reservation.objects.count()) == (2, 0)


def test_two_tabs_begin_one_checkout_and_pay_once() -> None:
    alice, bob = trader("alice"), trader("bob")
    services.put(member_id=bob.pk, variant_id=offer(alice).pk, quantity=1)
    done: list[object] = []
    at_once([partial(tried, partial(services.start, member_id=bob.pk), done)] * 4)
    assert len(done) == 4
    order = Order.objects.get()
    paying: list[object] = []
    at_once([partial(tried, partial(pay, order), paying)] * 4)
    assert len({str(each) for each in paying}) == 1
    assert Payment.objects.count() == PaymentAttempt.objects.count() == 1


def test_a_success_and_the_end_of_the_time_leave_one_truth() -> None:
    alice, bob = trader("alice"), trader("bob")
    for number in range(3):
        lamp = offer(alice, f"Lamp {number}")
        order = begin(bob, lamp)
        pay(order)
        counter.pay(reference=charge_of(order).reference, card=Card.SUCCESS)
        stop = partial(services.stop, member_id=bob.pk)
        at_once([settle_down, partial(tried, stop, [])])
        settle_down()
        order.refresh_from_db()
        lamp.refresh_from_db()
        is_sold = lamp.stock == 0
        assert (order.state == "paid") == is_sold
        back = sum(Refund.objects.values_list("amount_minor", flat=True))
        charged = sum(BankCharge.objects.filter(progress="paid").values_list("amount_minor", flat=True))
        assert balance("escrow", str(alice.pk)) + back == charged >= (number + 1) * 2850
        if not is_sold:
            services.cancel(member_id=bob.pk, number=order.number)
            services.remove(member_id=bob.pk, variant_id=lamp.pk)


def test_a_parcel_is_delivered_and_called_off_by_one_of_many() -> None:
    alice, bob = trader("alice"), trader("bob")
    order = buy(bob, offer(alice))
    part = order.parts.get()
    done: list[object] = []
    ship = partial(services.ship, seller_id=alice.pk, number=part.number, carrier="Post", tracking="1")
    off = partial(services.call_off, member_id=alice.pk, number=part.number)
    at_once([partial(tried, job, done) for job in (ship, off, off, ship)])
    settle_down()
    part = SubOrder.objects.get()
    if part.state == "shipped":
        confirm = partial(services.confirm, buyer_id=bob.pk, number=part.number)
        at_once([partial(tried, confirm, done)] * 3)
        assert balance("seller", str(alice.pk)) == part.payout_minor
    else:
        assert part.state == "refunded"
        assert balance("seller", str(alice.pk)) == 0
    assert balance("escrow", str(alice.pk)) == 0
