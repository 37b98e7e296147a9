"""Who may see an item, and who may buy it: the two questions that every other app asks."""

import datetime as dt
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from beyou.blocks.services import block
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.marketplace.models import Item, Reservation, Variant
from beyou.marketplace.queries import buyable_for, item_for, own_item
from beyou.marketplace.rules import Delivery, State
from beyou.users.models import User
from tests.factories import market, members

pytestmark = pytest.mark.django_db


def _hold(variant: Variant, buyer: User, quantity: int = 1, *, minutes: int = 15) -> Reservation:
    return Reservation.objects.create(
        variant=variant,
        buyer=buyer,
        quantity=quantity,
        order_id=uuid4(),
        until=clock.now() + dt.timedelta(minutes=minutes),
    )


@pytest.mark.parametrize("state", [state for state in State if state is not State.RESERVED])
def test_others_see_what_is_offered_or_sold(state: State) -> None:
    alice, bob = members.alice(), members.bob()
    item = market.item(alice, state=state)
    assert item_for(alice.pk, item.pk).is_own
    if state in (State.AVAILABLE, State.SOLD):
        assert item_for(bob.pk, item.pk).state is state
    else:
        with pytest.raises(NotFound):
            item_for(bob.pk, item.pk)
    with pytest.raises(NotFound):
        own_item(bob.pk, item.pk)


@pytest.mark.parametrize("turned", [False, True])
def test_a_block_hides_items_from_both(turned: bool) -> None:  # noqa: FBT001
    alice, bob = members.alice(), members.bob()
    item = market.item(alice)
    one, other = (bob, alice) if turned else (alice, bob)
    block(member_id=one.pk, other_id=other.pk)
    with pytest.raises(NotFound):
        item_for(bob.pk, item.pk)
    assert buyable_for(bob.pk, [market.variant(item).pk]) == {}


def test_who_is_gone_sells_nothing() -> None:
    alice, bob = members.alice(), members.bob()
    item = market.item(alice)
    User.objects.filter(pk=alice.pk).update(deletion_due_at=clock.now())
    with pytest.raises(NotFound):
        item_for(bob.pk, item.pk)
    assert buyable_for(bob.pk, [market.variant(item).pk]) == {}


def test_an_offer_says_what_an_order_keeps() -> None:
    alice, bob = members.alice(), members.bob()
    item = market.item(alice, price=4_500, stock=3, variants=("S", "M"))
    small, medium = item.variants.order_by("position")
    Variant.objects.filter(pk=medium.pk).update(price_minor=5_000)
    offers = buyable_for(bob.pk, [small.pk, medium.pk, uuid4()])
    assert set(offers) == {small.pk, medium.pk}
    assert (offers[small.pk].price_minor, offers[medium.pk].price_minor) == (4_500, 5_000)
    offer = offers[medium.pk]
    assert (offer.title, offer.variant, offer.seller_id, offer.available) == (item.title, "M", alice.pk, 3)
    assert [(way.kind, way.price_minor) for way in offer.deliveries] == [
        (Delivery.PICKUP, 0),
        (Delivery.PARCEL, 499),
    ]
    assert offer.small_id == item.images.get().small_id


@pytest.mark.parametrize(
    "state", [state for state in State if state not in (State.RESERVED, State.AVAILABLE)]
)
def test_only_available_items_can_be_bought(state: State) -> None:
    item = market.item(members.alice(), state=state)
    assert buyable_for(members.bob().pk, [market.variant(item).pk]) == {}


def test_nobody_buys_what_is_their_own() -> None:
    alice = members.alice()
    item = market.item(alice)
    assert buyable_for(alice.pk, [market.variant(item).pk]) == {}


def test_a_hold_counts_until_its_moment_whether_it_is_swept_or_not() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    item = market.item(alice, stock=2)
    variant = market.variant(item)
    held = _hold(variant, bob, 2)
    assert buyable_for(charlie.pk, [variant.pk])[variant.pk].available == 0
    assert buyable_for(bob.pk, [variant.pk], order_id=held.order_id)[variant.pk].available == 2
    assert item_for(charlie.pk, item.pk).state is State.RESERVED
    clock.shift(15 * 60_000)
    assert item_for(charlie.pk, item.pk).state is State.AVAILABLE
    assert buyable_for(charlie.pk, [variant.pk])[variant.pk].available == 2


def test_statements_do_not_grow_with_the_offers() -> None:
    alice, bob = members.alice(), members.bob()

    def count(number: int) -> int:
        variants = [market.variant(market.item(alice, f"Lamp {number}")).pk for _ in range(number)]
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert len(buyable_for(bob.pk, variants)) == number
        return len(seen)

    assert count(2) == count(20) == 3
    item = market.item(alice, variants=tuple("abcdef"))
    with CaptureQueriesContext(connection) as seen:
        item_for(bob.pk, item.pk)
    # One of them is for the seller's ratings.
    assert len(seen) == 6


@pytest.mark.parametrize(
    "wrong",
    [{"price_minor": 0}, {"price_minor": 100_000_001}, {"price_minor": None}, {"state": "reserved"},
     {"state": "stolen"}, {"category": None}],
    ids=str,
)  # fmt: skip
def test_the_database_refuses_half_an_offer(wrong: dict[str, object]) -> None:
    item = market.item(members.alice())
    with pytest.raises(IntegrityError), transaction.atomic():
        Item.objects.filter(pk=item.pk).update(**wrong)


def test_the_first_tree_of_categories_has_two_levels() -> None:
    from beyou.marketplace.models import Category

    roots = Category.objects.filter(parent=None)
    assert roots.count() >= 10
    assert not Category.objects.filter(parent__parent__isnull=False).exists()
