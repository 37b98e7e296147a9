"""Offers from the first price to the purchase: who may what, what is held, and until when."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.blocks.services import block
from beyou.core import events
from beyou.core.errors import ApplicationError, NotFound, RateLimited
from beyou.core.ids import uuid7
from beyou.marketplace import services as stock
from beyou.marketplace.errors import ItemHeld
from beyou.marketplace.models import Item, Reservation
from beyou.marketplace.queries import item_for
from beyou.marketplace.queries.details import details_of
from beyou.marketplace.rules import Step as ItemStep
from beyou.marketplace.rules import Terms
from beyou.notifications.models import Notification
from beyou.offers import queries, rules, services
from beyou.offers.errors import BadPrice, BadThings, NoOffers, OfferMoved, OfferOver, ThingsGone
from beyou.offers.models import Offer, OfferMove
from beyou.offers.rules import Side, Step
from beyou.orders import queries as orders
from beyou.orders import services as buying
from beyou.orders.errors import EmptyCart, NotForSale
from beyou.sandbox.rules import Card
from beyou.users.models import User
from beyou.verification.errors import VerificationRequired
from tests.factories import members
from tests.offers.world import agree, ask, free, later, say, state_of, take
from tests.orders.world import balance, begin, offer, pay, settle_down, trader, use_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def charlie() -> User:
    return trader("charlie", "Charlie Cedar")


def notices(member: User) -> list[str]:
    return list(Notification.objects.filter(member=member).order_by("id").values_list("kind", flat=True))


def test_from_an_offer_to_a_paid_order(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice, price=2400)
    made = ask(bob, lamp, price=1800)
    assert notices(alice) == ["offer_made"]
    assert free(charlie, lamp) == 1, "an open offer holds nothing"
    say(alice, made, Step.COUNTER, 2100)
    say(bob, made, Step.COUNTER, 2000)
    say(alice, made, Step.ACCEPT, 2000)
    assert notices(bob) == ["offer_countered", "offer_accepted"]
    assert (free(charlie, lamp), state_of(made)) == (0, "accepted")
    order = take(bob, made)
    part = order.parts.get()
    assert (part.goods_minor, part.discount_minor, part.delivery_minor) == (2400, 400, 450)
    assert part.total_minor == order.total_minor == 2450
    pay(order)
    use_card(order)
    order.refresh_from_db()
    lamp.refresh_from_db()
    assert (order.state, lamp.stock, state_of(made)) == ("paid", 0, "bought")
    assert not Reservation.objects.exists()
    assert balance("escrow", str(alice.pk)) == 2450
    told = OfferMove.objects.filter(offer=made).order_by("id").values_list("what", "price_minor")
    assert list(told) == [
        ("offered", 1800), ("countered", 2100), ("countered", 2000), ("accepted", 2000), ("bought", 2000),
    ]  # fmt: skip


def test_a_bundle_of_one_seller_comes_with_one_delivery(alice: User, bob: User) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug", price=1000, ways={"parcel": 600})
    order = take(bob, agree(alice, bob, lamp, mug, price=3000))
    part = order.parts.get()
    assert (part.goods_minor, part.discount_minor, part.delivery_minor) == (3400, 400, 600)
    assert [line.unit_minor for line in part.lines.order_by("unit_minor")] == [1000, 2400]


def test_the_agreed_price_counts_only_while_all_its_things_are_there(alice: User, bob: User) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug", price=1000)
    made = agree(alice, bob, lamp, mug, price=3000)
    buying.put_offer(member_id=bob.pk, offer_id=made.pk)
    assert dict(orders.cart_for(bob.pk).totals) == {"EUR": 3000 + 450}
    buying.remove(member_id=bob.pk, variant_id=mug.pk)
    # Kept for both together, the lamp alone cannot be bought.
    (line,) = orders.cart_for(bob.pk).lines
    assert (line.can_be_bought, line.kept_by) == (False, made.pk)
    assert "Kept for your offer" in members.client_of(bob).get("/cart").content.decode()
    with pytest.raises(EmptyCart):
        buying.start(member_id=bob.pk)
    say(bob, made, Step.WITHDRAW)
    assert buying.start(member_id=bob.pk).total_minor == 2400 + 450


def test_more_of_the_same_costs_what_it_says(alice: User, bob: User) -> None:
    mugs = offer(alice, "Mug", price=1000, stock=3)
    made = agree(alice, bob, mugs, price=700)
    buying.put(member_id=bob.pk, variant_id=mugs.pk, quantity=3)
    order = buying.start(member_id=bob.pk)
    assert order.total_minor == 700 + 2 * 1000 + 450
    held = Reservation.objects.values_list("order_id", "quantity")
    assert dict(held) == {made.pk: 1, order.pk: 2}
    pay(order)
    use_card(order)
    mugs.refresh_from_db()
    assert (mugs.stock, Reservation.objects.count()) == (0, 0)


def test_an_agreement_binds_for_a_day_and_lapses_by_the_clock(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    later(hours=23, minutes=59)
    assert (free(charlie, lamp), state_of(made)) == (0, "accepted")
    later(hours=24, seconds=1)
    assert (free(charlie, lamp), state_of(made)) == (1, "lapsed"), "without a sweep"
    with pytest.raises(OfferOver):
        buying.put_offer(member_id=bob.pk, offer_id=made.pk)
    buying.put(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    assert dict(orders.cart_for(bob.pk).totals) == {"EUR": 2850}
    assert services.sweep() == 1
    assert services.sweep() == 0
    assert Offer.objects.get().state == "lapsed"
    assert not Reservation.objects.exists()
    begin(charlie, lamp)


def test_a_seller_cannot_change_end_or_take_back_what_is_agreed(alice: User, bob: User) -> None:
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    item = Item.objects.get()
    for change in (
        lambda: stock.save_item(seller_id=alice.pk, item_id=item.pk, details=details_of(item)),
        lambda: stock.take_step(seller_id=alice.pk, item_id=item.pk, step=ItemStep.END),
    ):
        with pytest.raises(ItemHeld):
            change()
    for step in Step:
        if step is not Step.ACCEPT:
            with pytest.raises(OfferMoved):
                say(alice, made, step, 2200)
    # Pausing hides it from the others, not from whom it was promised to.
    stock.take_step(seller_id=alice.pk, item_id=item.pk, step=ItemStep.PAUSE)
    order = take(bob, made)
    pay(order)
    use_card(order)
    order.refresh_from_db()
    assert order.state == "paid"


def test_a_checkout_that_begins_in_time_may_finish(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    later(hours=23, minutes=55)
    order = take(bob, made)
    later(hours=24, minutes=5)
    assert free(charlie, lamp) == 0
    assert services.sweep() == 0
    buying.extend(member_id=bob.pk)
    later(hours=24, minutes=20)
    pay(order)
    use_card(order)
    order.refresh_from_db()
    assert (order.state, order.total_minor, state_of(made)) == ("paid", 2450, "bought")


def test_nobody_keeps_a_thing_for_ever_by_beginning_again(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    buying.put_offer(member_id=bob.pk, offer_id=made.pk)
    for minutes in range(0, 24 * 60 + 120, 25):
        later(minutes=minutes)
        try:
            order = buying.start(member_id=bob.pk)
        except ApplicationError:
            continue
        buying.cancel(member_id=bob.pk, number=order.number)
    later(hours=24, minutes=31)
    assert state_of(made) == "lapsed"


def test_a_cancelled_checkout_gives_the_hold_back_to_the_agreement(
    alice: User, bob: User, charlie: User
) -> None:
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    order = take(bob, made)
    buying.cancel(member_id=bob.pk, number=order.number)
    assert (free(charlie, lamp), state_of(made)) == (0, "accepted")
    again = take(bob, made)
    assert again.total_minor == 2450
    later(minutes=16)
    buying.expire_due()
    assert free(charlie, lamp) == 0
    assert take(bob, made).total_minor == 2450


def test_a_failed_payment_keeps_the_agreement(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    order = take(bob, agree(alice, bob, lamp))
    pay(order)
    use_card(order, Card.DECLINED)
    order.refresh_from_db()
    assert (order.state, free(charlie, lamp)) == ("pending", 0)
    pay(order)
    use_card(order)
    order.refresh_from_db()
    assert (order.state, order.total_minor) == ("paid", 2450)


def test_a_payment_after_the_agreement_was_let_go_goes_back(alice: User, bob: User) -> None:
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    order = take(bob, made)
    pay(order)
    say(bob, made, Step.WITHDRAW)
    use_card(order)
    settle_down()
    order.refresh_from_db()
    lamp.refresh_from_db()
    assert (order.state, lamp.stock, balance("escrow", str(alice.pk))) == ("pending", 1, 0)


def test_an_unpaid_order_cannot_be_paid_at_a_price_that_lapsed(alice: User, bob: User) -> None:
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    order = take(bob, made)
    say(bob, made, Step.WITHDRAW)
    later(minutes=16)
    with pytest.raises(ApplicationError):
        pay(order)
    order.refresh_from_db()
    assert order.state == "pending"
    assert buying.start(member_id=bob.pk).total_minor == 2850


def test_what_the_seller_allows_is_asked_first(alice: User, bob: User) -> None:
    lamp = offer(alice, price=1001)
    for price in (0, -1, 600, 1001, 10**12):
        with pytest.raises(BadPrice):
            ask(bob, lamp, price=price)
    assert ask(bob, lamp, price=601)
    stock.set_terms(seller_id=alice.pk, terms=Terms(takes_offers=False))
    with pytest.raises(NoOffers):
        ask(bob, offer(alice, "Mug"), price=2000)


def test_strange_things_cannot_be_offered_for(alice: User, bob: User, charlie: User) -> None:
    lamp, other = offer(alice), offer(charlie, "Mug")
    with pytest.raises(NotFound):
        services.make_offer(buyer_id=bob.pk, variant_ids=[uuid7()], price_minor=2000)
    with pytest.raises(NotFound):
        ask(alice, lamp)
    with pytest.raises(BadThings):
        ask(bob, lamp, other)
    with pytest.raises(BadThings):
        services.make_offer(buyer_id=bob.pk, variant_ids=[], price_minor=2000)
    with pytest.raises(BadThings):
        services.make_offer(buyer_id=bob.pk, variant_ids=[uuid7() for _ in range(11)], price_minor=2000)
    begin(charlie, lamp)
    with pytest.raises(ThingsGone):
        ask(bob, lamp)
    with pytest.raises(VerificationRequired):
        ask(members.dana(), lamp)
    assert not Offer.objects.exists()


def test_the_same_is_asked_once_at_a_time(alice: User, bob: User) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug")
    made = ask(bob, lamp)
    with pytest.raises(OfferMoved) as refused:
        ask(bob, lamp, price=2200)
    assert refused.value.extra["offer"] == made.pk
    ask(bob, lamp, mug, price=4000)
    say(alice, made, Step.DECLINE)
    again = ask(bob, lamp)
    later(days=2, seconds=1)
    assert ask(bob, lamp).pk != again.pk
    assert state_of(again) == "lapsed"


def test_offers_are_limited_by_the_day(alice: User, bob: User) -> None:
    for number in range(25):
        say(alice, ask(bob, offer(alice, f"Lamp {number}")), Step.DECLINE)
    with pytest.raises(RateLimited):
        ask(bob, offer(alice, "One more"))


def test_whose_turn_it_is_decides_and_twice_is_once(alice: User, bob: User, charlie: User) -> None:
    made = ask(bob, offer(alice))
    with pytest.raises(OfferMoved):
        say(bob, made, Step.ACCEPT)
    with pytest.raises(NotFound):
        say(charlie, made, Step.ACCEPT)
    for bad in (None, 0, 2000, 2400, 10**12):
        with pytest.raises(BadPrice):
            say(alice, made, Step.COUNTER, bad)
    for _ in range(2):
        say(alice, made, Step.COUNTER, 2300)
    with pytest.raises(OfferMoved):
        say(bob, made, Step.ACCEPT, 2000)
    for _ in range(2):
        say(bob, made, Step.ACCEPT, 2300)
    assert OfferMove.objects.count() == 3
    assert Reservation.objects.count() == 1


def test_who_says_yes_too_late_holds_nothing(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    made = ask(bob, lamp)
    begin(charlie, lamp)
    with pytest.raises(ThingsGone):
        say(alice, made, Step.ACCEPT)
    assert state_of(made) == "open"
    later(days=2, seconds=1)
    with pytest.raises(OfferMoved):
        say(alice, made, Step.ACCEPT)


def test_a_price_that_fell_meanwhile_is_nothing_to_agree_on(alice: User, bob: User) -> None:
    lamp = offer(alice)
    made = ask(bob, lamp)
    Item.objects.update(price_minor=1900)
    with pytest.raises(BadPrice):
        say(alice, made, Step.ACCEPT)
    Item.objects.update(price_minor=2200)
    say(alice, made, Step.ACCEPT)
    assert made.things.get().list_minor == 2200
    assert take(bob, made).total_minor == 2450


def test_a_buyer_lets_an_agreement_go(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    made = agree(alice, bob, lamp)
    say(bob, made, Step.WITHDRAW)
    assert (free(charlie, lamp), state_of(made)) == (1, "withdrawn")


def test_the_buyer_sees_that_it_is_held_for_them(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    agree(alice, bob, lamp)
    assert item_for(bob.pk, lamp.item_id).mine == 1
    assert item_for(charlie.pk, lamp.item_id).mine == 0
    with pytest.raises(NotForSale):
        buying.put(member_id=charlie.pk, variant_id=lamp.pk, quantity=1)


@pytest.mark.parametrize("blocker", ["alice", "bob"])
def test_a_block_ends_offers_and_hides_them(alice: User, bob: User, charlie: User, blocker: str) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug")
    agreed, opened = agree(alice, bob, lamp), ask(bob, mug)
    one, other = (alice, bob) if blocker == "alice" else (bob, alice)
    block(member_id=one.pk, other_id=other.pk)
    for member in (alice, bob):
        for each in (agreed, opened):
            with pytest.raises(NotFound):
                queries.offer_for(member.pk, each.pk)
            with pytest.raises(NotFound):
                say(member, each, Step.WITHDRAW)
    assert not queries.offers_of(bob.pk, Side.BUYER).items
    events.drain()
    assert [state_of(each) for each in (agreed, opened)] == ["ended", "ended"]
    assert free(charlie, lamp) == 1


def test_statements_do_not_grow_with_offers(alice: User, bob: User) -> None:
    def count() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as listed:
            page = queries.offers_of(bob.pk, Side.BUYER, limit=20)
            assert all(each.titles and each.words and each.other.name for each in page.items)
        with CaptureQueriesContext(connection) as cart:
            assert orders.cart_for(bob.pk).totals
        return len(listed), len(cart)

    for number in range(2):
        made = agree(alice, bob, offer(alice, f"Lamp {number}"))
        buying.put_offer(member_id=bob.pk, offer_id=made.pk)
    before = count()
    for number in range(2, 20):
        made = agree(alice, bob, offer(alice, f"Lamp {number}"))
        buying.put_offer(member_id=bob.pk, offer_id=made.pk)
    assert count() == before
    assert before[0] == 3
    page = queries.offers_of(bob.pk, Side.BUYER, limit=19)
    assert page.next is not None
    assert len(queries.offers_of(bob.pk, Side.BUYER, before=page.next).items) == 1


def test_times_are_those_that_the_rules_say() -> None:
    assert dt.timedelta(hours=24) == rules.BINDING
    assert dt.timedelta(minutes=30) == rules.GRACE
