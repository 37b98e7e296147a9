"""Many who want the same price, thing or code at the same moment, on whatever engine the suite runs."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from beyou.blocks.services import block
from beyou.core import events
from beyou.core.errors import ApplicationError
from beyou.marketplace.models import Reservation
from beyou.offers import queries, services
from beyou.offers.models import Offer, OfferMove, Voucher, VoucherUse
from beyou.offers.rules import Step
from beyou.orders import services as buying
from beyou.orders.models import Order, SubOrder
from tests.blocks.test_races import at_once
from tests.offers.world import agree, ask, enter, free, later, say, state_of, take, voucher
from tests.orders.world import begin, charge_of, offer, pay, settle_down, trader

pytestmark = pytest.mark.django_db(transaction=True)


def tried(job: Callable[[], object], done: list[object]) -> None:
    with suppress(ApplicationError):
        done.append(job())


def test_of_sixteen_orders_with_one_code_exactly_one_keeps_its_use() -> None:
    alice = trader("alice")
    buyers = [trader(f"buyer_{number}") for number in range(16)]
    for _ in range(2):
        found = voucher(alice, percent=50)
        for buyer in buyers:
            enter(buyer, found)
            buying.put(member_id=buyer.pk, variant_id=offer(alice).pk, quantity=1)
        won: list[object] = []
        at_once([partial(tried, partial(buying.start, member_id=buyer.pk), won) for buyer in buyers])
        found.refresh_from_db()
        parts = SubOrder.objects.filter(discount_minor__gt=0, order__state="pending")
        assert (found.used, VoucherUse.objects.filter(voucher=found).count(), parts.count()) == (1, 1, 1)
        use = VoucherUse.objects.get(voucher=found)
        part = parts.get()
        assert (part.order_id, part.references(part.taken_off[0].kind)) == (use.order_id, [found.pk])
        # Who began before the code was gone lost nothing but the code; who came later paid the whole price.
        for order in Order.objects.filter(state="pending"):
            buying.cancel(member_id=order.buyer_id, number=order.number)
        found.refresh_from_db()
        assert (found.used, VoucherUse.objects.filter(voucher=found).count()) == (0, 0)
        services.end_voucher(seller_id=alice.pk, voucher_id=found.pk)


def test_of_sixteen_orders_with_a_code_for_five_exactly_five_keep_one() -> None:
    alice = trader("alice")
    found = voucher(alice, amount=100, uses=5)
    buyers = [trader(f"buyer_{number}") for number in range(16)]
    for buyer in buyers:
        enter(buyer, found)
        buying.put(member_id=buyer.pk, variant_id=offer(alice).pk, quantity=1)
    at_once([partial(tried, partial(buying.start, member_id=buyer.pk), []) for buyer in buyers])
    found.refresh_from_db()
    assert (
        found.used == VoucherUse.objects.count() == SubOrder.objects.filter(discount_minor=100).count() == 5
    )


def test_a_use_is_given_back_once_however_many_cancel() -> None:
    alice, bob = trader("alice"), trader("bob")
    found = voucher(alice, percent=10, uses=2)
    enter(bob, found)
    order = begin(bob, offer(alice))
    cancel = partial(buying.cancel, member_id=bob.pk, number=order.number)
    at_once([partial(tried, cancel, [])] * 4 + [partial(services.give_back, order_id=order.pk)] * 2)
    assert Voucher.objects.get().used == VoucherUse.objects.count() == 0


def test_one_member_in_many_tabs_uses_one() -> None:
    alice, bob = trader("alice"), trader("bob")
    found = voucher(alice, percent=10, uses=9)
    enter(bob, found)
    buying.put(member_id=bob.pk, variant_id=offer(alice).pk, quantity=1)
    at_once([partial(tried, partial(buying.start, member_id=bob.pk), [])] * 6)
    assert Voucher.objects.get().used == VoucherUse.objects.count() == Order.objects.count() == 1


def test_of_many_offers_for_one_thing_one_is_agreed_on() -> None:
    alice = trader("alice")
    lamp = offer(alice)
    made = [ask(trader(f"buyer_{number}"), lamp) for number in range(8)]
    won: list[object] = []
    at_once([partial(tried, partial(say, alice, each, Step.ACCEPT), won) for each in made])
    assert len(won) == 1
    assert sorted(state_of(each) for each in made) == ["accepted"] + ["open"] * 7
    assert Reservation.objects.count() == 1


def test_the_same_offer_sent_many_times_is_made_once() -> None:
    alice, bob = trader("alice"), trader("bob")
    lamp = offer(alice)
    done: list[object] = []
    at_once([partial(tried, partial(ask, bob, lamp), done)] * 6)
    assert len(done) == Offer.objects.count() == OfferMove.objects.count() == 1


def test_yes_no_and_taken_back_at_once_leave_one_truth() -> None:
    alice, bob, charlie = trader("alice"), trader("bob"), trader("charlie")
    for number in range(3):
        lamp = offer(alice, f"Lamp {number}")
        made = ask(bob, lamp)
        jobs = [(alice, Step.ACCEPT), (alice, Step.DECLINE), (bob, Step.WITHDRAW)] * 2
        at_once([partial(tried, partial(say, member, made, step), []) for member, step in jobs])
        # A buyer may let an agreement go, so that a yes may come before the end.
        assert state_of(made) in ("accepted", "declined", "withdrawn")
        is_held = state_of(made) == "accepted"
        assert free(charlie, lamp) == (0 if is_held else 1)
        assert Reservation.objects.filter(order_id=made.pk).count() == int(is_held)


def test_a_yes_and_a_checkout_of_somebody_else_hold_it_once() -> None:
    alice, bob, charlie = trader("alice"), trader("bob"), trader("charlie")
    for number in range(4):
        lamp = offer(alice, f"Lamp {number}")
        made = ask(bob, lamp)
        won: list[object] = []
        jobs = [partial(say, alice, made, Step.ACCEPT), partial(begin, charlie, lamp)]
        at_once([partial(tried, job, won) for job in jobs])
        assert len(won) == 1
        assert Reservation.objects.filter(variant=lamp).count() == 1
        for order in Order.objects.filter(state="pending"):
            buying.cancel(member_id=charlie.pk, number=order.number)
        buying.remove(member_id=charlie.pk, variant_id=lamp.pk)


def test_a_payment_and_the_end_of_an_agreement_leave_one_truth() -> None:
    from beyou.sandbox.rules import Card
    from beyou.sandbox.services import counter

    alice, bob = trader("alice"), trader("bob")
    for number in range(3):
        lamp = offer(alice, f"Lamp {number}")
        made = agree(alice, bob, lamp)
        order = take(bob, made)
        pay(order)
        counter.pay(reference=charge_of(order).reference, card=Card.SUCCESS)
        at_once([settle_down, partial(tried, partial(say, bob, made, Step.WITHDRAW), [])])
        settle_down()
        order.refresh_from_db()
        lamp.refresh_from_db()
        assert (order.state, lamp.stock, state_of(made)) in (
            ("paid", 0, "bought"),
            ("pending", 1, "withdrawn"),
        )
        assert not Reservation.objects.filter(order_id=made.pk).exists()
        if order.state == "pending":
            buying.cancel(member_id=bob.pk, number=order.number)
        buying.remove(member_id=bob.pk, variant_id=lamp.pk)


def test_sweeps_blocks_and_checkouts_at_once_end_an_offer_once() -> None:
    alice, bob, charlie = trader("alice"), trader("bob"), trader("charlie")
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    later(hours=24, seconds=1)
    block(member_id=alice.pk, other_id=bob.pk)
    at_once([services.sweep, services.sweep, events.drain, partial(tried, partial(begin, charlie, lamp), [])])
    assert state_of(made) in ("lapsed", "ended")
    assert OfferMove.objects.filter(offer=made, what__in=("lapsed", "ended")).count() == 1
    assert free(trader("dora"), lamp) == 0
    assert queries.agreed_of(bob.pk) == {}
