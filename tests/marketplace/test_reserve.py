"""Holds: all or nothing, judged by the clock at every look, given back once, sold once."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.core.models import OutboxEvent
from beyou.marketplace import services
from beyou.marketplace.models import Item, Reservation, Variant
from beyou.marketplace.queries import buyable_for, is_own_variant
from beyou.marketplace.reactions import sweep_holds
from beyou.marketplace.services import Gone
from beyou.users.models import User
from tests.blocks.test_races import at_once
from tests.factories import market, members

pytestmark = pytest.mark.django_db(transaction=True)
HOLD = dt.timedelta(minutes=15)


@pytest.fixture
def alice() -> User:
    return market.seller(members.alice())


@pytest.fixture
def bob() -> User:
    return market.seller(members.bob())


def thing(alice: User, title: str = "Brass lamp", stock: int = 1) -> Variant:
    return market.variant(market.item(alice, title, stock=stock))


def hold(
    bob: User, *lines: tuple[Variant, int], order_id: UUID | None = None, span: dt.timedelta = HOLD
) -> tuple[UUID, list[Gone]]:
    """Which order tried it, and what was gone."""
    order_id = order_id or uuid7()
    wanted = [(variant.pk, quantity) for variant, quantity in lines]
    until = clock.now() + span
    return order_id, services.reserve(buyer_id=bob.pk, order_id=order_id, lines=wanted, until=until)


def _note(done: list[object], job: Callable[[], object]) -> None:
    done.append(job())


def left(variant: Variant, bob: User) -> int:
    return buyable_for(bob.pk, [variant.pk])[variant.pk].available


def test_everything_is_held_or_nothing_and_what_is_gone_is_named(alice: User, bob: User) -> None:
    lamp, mugs = thing(alice), thing(alice, "Mug", stock=3)
    hold(bob, (lamp, 1))
    _, gone = hold(bob, (mugs, 2), (lamp, 1))
    assert gone == [Gone(lamp.pk, 0)]
    assert left(mugs, bob) == 3
    _, gone = hold(bob, (mugs, 2), (mugs, 2))
    assert gone == [Gone(mugs.pk, 3)]
    missing = uuid7()
    assert services.reserve(
        buyer_id=bob.pk, order_id=uuid7(), lines=[(missing, 1)], until=clock.now() + HOLD
    ) == [Gone(missing, 0)]


def test_an_order_that_holds_again_holds_only_the_new_lines(alice: User, bob: User) -> None:
    lamp, mugs = thing(alice), thing(alice, "Mug", stock=3)
    order_id, _ = hold(bob, (lamp, 1), (mugs, 1))
    assert hold(bob, (mugs, 3), order_id=order_id)[1] == []
    assert (left(lamp, bob), left(mugs, bob)) == (1, 0)
    # A try that fails leaves what was held.
    assert hold(bob, (mugs, 4), order_id=order_id)[1] == [Gone(mugs.pk, 3)]
    assert left(mugs, bob) == 0


def test_time_ends_a_hold_whether_or_not_it_is_swept(alice: User, bob: User) -> None:
    lamp = thing(alice)
    order_id, _ = hold(bob, (lamp, 1))
    clock.shift(HOLD // dt.timedelta(milliseconds=1) + 1)
    assert Reservation.objects.count() == 1
    assert left(lamp, bob) == 1
    assert not services.consume(holders=[order_id])
    assert not services.extend(order_id=order_id, until=clock.now() + HOLD)
    assert hold(bob, (lamp, 1))[1] == []
    sweep_holds()
    assert Reservation.objects.count() == 1


def test_what_is_consumed_is_sold_once(alice: User, bob: User) -> None:
    lamp, mugs = thing(alice), thing(alice, "Mug", stock=3)
    order_id, _ = hold(bob, (lamp, 1), (mugs, 2))
    assert [services.consume(holders=[order_id]) for _ in range(3)] == [True, False, False]
    services.release(order_id=order_id)
    lamp.refresh_from_db()
    mugs.refresh_from_db()
    assert (lamp.stock, mugs.stock) == (0, 1)
    states = dict(Item.objects.values_list("title", "state"))
    assert states == {"Brass lamp": "sold", "Mug": "available"}


def test_what_is_given_back_waits_for_its_seller(alice: User, bob: User) -> None:
    lamp = thing(alice)
    order_id, _ = hold(bob, (lamp, 1))
    services.consume(holders=[order_id])
    services.give_back(lines=[(lamp.pk, 1), (uuid7(), 1)])
    lamp.refresh_from_db()
    assert (lamp.stock, Item.objects.get().state) == (1, "inactive_seller")


def test_a_hold_can_be_made_longer_and_given_back(alice: User, bob: User) -> None:
    lamp = thing(alice)
    order_id, _ = hold(bob, (lamp, 1))
    assert services.extend(order_id=order_id, until=clock.now() + 2 * HOLD)
    clock.shift(HOLD // dt.timedelta(milliseconds=1) + 1)
    assert left(lamp, bob) == 0
    for _ in range(2):
        services.release(order_id=order_id)
    assert left(lamp, bob) == 1
    assert OutboxEvent.objects.filter(event="StockFreed").count() <= 1


def test_whose_a_variant_is(alice: User, bob: User) -> None:
    lamp = thing(alice)
    assert is_own_variant(alice.pk, lamp.pk)
    assert not is_own_variant(bob.pk, lamp.pk)


def test_of_sixteen_who_want_one_thing_exactly_one_holds_it(alice: User, bob: User) -> None:
    for number in range(4):
        lamp = thing(alice, f"Lamp {number}")
        done: list[object] = []
        at_once([partial(_note, done, partial(hold, bob, (lamp, 1)))] * 16)
        assert sum(gone == [] for _, gone in done) == 1  # type: ignore[misc]
        assert Reservation.objects.filter(variant=lamp).count() == 1


def test_of_fifty_who_want_one_of_five_exactly_five_do(alice: User, bob: User) -> None:
    mugs = thing(alice, "Mug", stock=5)
    sold: list[bool] = []

    def race() -> None:
        order_id, gone = hold(bob, (mugs, 1))
        if not gone:
            sold.append(services.consume(holders=[order_id]))

    at_once([race] * 50)
    mugs.refresh_from_db()
    assert (sold, mugs.stock, Reservation.objects.count()) == ([True] * 5, 0, 0)


def test_who_takes_the_same_things_in_another_order_waits_for_nobody(alice: User, bob: User) -> None:
    things = [thing(alice, f"Thing {number}", stock=20) for number in range(4)]

    def take(step: int) -> None:
        order_id, gone = hold(bob, *((each, 1) for each in things[::step]))
        assert gone == []
        services.release(order_id=order_id)

    at_once([partial(take, 1 if number % 2 else -1) for number in range(12)])
    assert not Reservation.objects.exists()


def test_the_end_of_the_time_the_buyer_and_the_bank_at_once_leave_one_truth(alice: User, bob: User) -> None:
    for number in range(4):
        lamp = thing(alice, f"Lamp {number}")
        order_id, _ = hold(bob, (lamp, 1), span=dt.timedelta(milliseconds=30))
        sold: list[object] = []
        pay = partial(_note, sold, partial(services.consume, holders=[order_id]))
        at_once([pay, services.sweep, partial(services.release, order_id=order_id), services.sweep])
        lamp.refresh_from_db()
        assert lamp.stock == (0 if sold == [True] else 1)
