"""Rating, reading, replying: once, blind, and counted exactly."""

import random

import pytest

from beyou.blocks.services import block
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.core.ports import reputation
from beyou.core.ports.reputation import Standing
from beyou.notifications.models import Notification
from beyou.orders import services as orders
from beyou.reviews import queries, services
from beyou.reviews.errors import AlreadyReplied, BadRating, NotDelivered, RatingClosed, StarsStand
from beyou.reviews.models import Exchange, Rating, Tally
from beyou.reviews.rules import Side
from beyou.users.models import User
from tests.factories import members
from tests.orders.world import bare_order, buy, offer, settle_down, trader
from tests.reviews.world import both_rate, delivered, drain, pass_days, rate

pytestmark = pytest.mark.django_db


def notices(member: User, kind: str) -> int:
    return Notification.objects.filter(member=member, kind=kind).count()


def test_a_real_order_can_be_rated_from_its_delivery_on() -> None:
    alice, bob = trader("alice"), trader("bob")
    part = buy(bob, offer(alice)).parts.get()
    with pytest.raises(NotDelivered):
        rate(bob, part)
    orders.ship(seller_id=alice.pk, number=part.number, carrier="Post", tracking="1")
    with pytest.raises(NotDelivered):
        rate(bob, part)
    orders.confirm(buyer_id=bob.pk, number=part.number)
    settle_down()
    exchange = Exchange.objects.get(part=part)
    part.refresh_from_db()
    assert part.ended_at is not None
    assert (exchange.closes_at - part.ended_at).days == 14
    assert rate(bob, part, 4).stars == 4


def test_an_order_that_ended_otherwise_is_never_rated() -> None:
    alice, bob = members.alice(), members.bob()
    part = bare_order(bob, alice)
    for state in ("pending", "paid", "shipped", "disputed", "refunded", "cancelled"):
        part.state, part.ended_at = state, clock.now()
        part.save()
        with pytest.raises((NotDelivered, NotFound)):
            rate(bob, part)
        services.open_exchange(part_id=part.pk)
    assert not Rating.objects.exists()
    assert not Exchange.objects.exists()


def test_neither_reads_the_other_before_both_have_rated() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    first = rate(bob, part, 1, "It was broken.")
    assert not first.is_shown
    assert queries.exchange_for(alice.pk, part.number).theirs is None
    assert queries.history(alice.pk, alice.pk, Side.BUYER).items == []
    assert reputation.standings([alice.pk]) == {}
    assert notices(alice, "rated") == 0
    with pytest.raises(NotFound):
        queries.rating_for(alice.pk, first.pk)
    with pytest.raises(NotFound):
        services.reply(member_id=alice.pk, rating_id=first.pk, text="No!")
    second = rate(alice, part, 5, "Paid at once.")
    assert second.is_shown
    theirs = queries.exchange_for(alice.pk, part.number).theirs
    assert theirs is not None
    assert (theirs.rating.stars, theirs.text, theirs.name) == (1, "It was broken.", bob.name)
    assert reputation.standings([alice.pk, bob.pk]) == {alice.pk: Standing(1, 1)}
    assert (notices(alice, "rated"), notices(bob, "rated")) == (1, 1)


def test_one_who_waits_is_read_after_fourteen_days_and_nobody_can_answer_with_stars() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    rate(bob, part, 1)
    pass_days(13.9)
    assert services.show_due() == 0
    pass_days(0.2)
    # The time counts, not the job.
    with pytest.raises(RatingClosed):
        rate(alice, part, 1)
    assert services.show_due() == 1
    assert services.show_due() == 0
    assert reputation.standings([alice.pk]) == {alice.pk: Standing(1, 1)}
    with pytest.raises(RatingClosed):
        rate(alice, part, 1)
    assert Rating.objects.get().author == bob


def test_a_change_says_that_it_is_one_and_stars_that_were_read_stand() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    first = rate(bob, part, 3, "Late.")
    assert first.edited_at is None
    assert rate(bob, part, 3, "Late.").edited_at is None
    changed = rate(bob, part, 2, "Late, and wet.")
    assert changed.pk == first.pk
    assert changed.edited_at is not None
    rate(alice, part, 5)
    with pytest.raises(StarsStand):
        rate(bob, part, 1, "Late, and wet.")
    assert rate(bob, part, 2, "Late, wet, and too small.").text.endswith("small.")
    pass_days(2)
    with pytest.raises(RatingClosed):
        rate(bob, part, 2, "Much later.")
    assert queries.recounted(alice.pk, Side.BUYER).by_stars == (0, 1, 0, 0, 0)


def test_an_unread_rating_can_be_changed_for_two_days_only() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    rate(bob, part, 3)
    pass_days(2)
    with pytest.raises(RatingClosed):
        rate(bob, part, 1)


@pytest.mark.parametrize("stars", [0, 6, -1, 10**12])
def test_stars_are_one_to_five(stars: int) -> None:
    alice, bob = members.alice(), members.bob()
    with pytest.raises(BadRating):
        rate(bob, delivered(bob, alice), stars)


def test_words_are_cleaned_and_measured() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    with pytest.raises(BadRating):
        rate(bob, part, 5, "x" * 2001)
    assert rate(bob, part, 5, " a\0b\x1b\r\nc\u202e ").text == "a b \nc"
    assert rate(bob, part, 5, "").text == ""


def test_nobody_else_rates_or_reads_the_exchange() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    part = delivered(bob, alice)
    one, _ = both_rate(part)
    for step in (
        lambda: rate(charlie, part),
        lambda: queries.exchange_for(charlie.pk, part.number),
        lambda: services.reply(member_id=charlie.pk, rating_id=one.pk, text="Ha!"),
        lambda: services.reply(member_id=bob.pk, rating_id=one.pk, text="To my own."),
    ):
        with pytest.raises(NotFound):
            step()


def test_there_is_one_reply_and_it_stays() -> None:
    alice, bob = members.alice(), members.bob()
    one, _ = both_rate(delivered(bob, alice), of_seller=2)
    for bad in ("", " \n ", "x" * 1001):
        with pytest.raises(BadRating):
            services.reply(member_id=alice.pk, rating_id=one.pk, text=bad)
    services.reply(member_id=alice.pk, rating_id=one.pk, text="I sent another one.")
    services.reply(member_id=alice.pk, rating_id=one.pk, text="I sent another one.")
    with pytest.raises(AlreadyReplied):
        services.reply(member_id=alice.pk, rating_id=one.pk, text="And another.")
    one.refresh_from_db()
    assert one.reply == "I sent another one."
    assert notices(bob, "rating_reply") == 1


def test_whoever_has_not_rated_is_reminded_once_unless_they_want_no_reminders() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    parts = [delivered(bob, alice), delivered(charlie, alice), delivered(bob, charlie)]
    for part in parts:
        services.open_exchange(part_id=part.pk)
    services.set_reminders(member_id=charlie.pk, wanted=False)
    services.set_reminders(member_id=charlie.pk, wanted=False)
    rate(bob, parts[0])
    pass_days(9.9)
    assert services.remind_due() == 0
    pass_days(0.2)
    assert services.remind_due() == 3
    assert services.remind_due() == 0
    assert (notices(alice, "rate_reminder"), notices(charlie, "rate_reminder")) == (2, 0)
    assert list(Notification.objects.filter(member=bob, kind="rate_reminder").values_list("target")) == [
        (f"/ratings/{parts[2].number}",)
    ]
    services.set_reminders(member_id=charlie.pk, wanted=True)
    assert queries.exchange_for(charlie.pk, parts[2].number).wants_reminders


def test_a_block_silences_nobody_and_hides_the_words_from_who_is_blocked() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    part = delivered(bob, alice)
    block(member_id=alice.pk, other_id=bob.pk)
    both_rate(part, of_seller=1)
    (seen,) = queries.history(charlie.pk, alice.pk, Side.BUYER).items
    assert (seen.text, seen.name) == ("Well packed.", bob.name)
    block(member_id=bob.pk, other_id=charlie.pk)
    (seen,) = queries.history(charlie.pk, alice.pk, Side.BUYER).items
    assert (seen.author, seen.text, seen.name, seen.rating.stars) == (None, "", "A member", 1)
    with pytest.raises(NotFound):
        queries.seller_for(bob.pk, alice.handle)
    with pytest.raises(NotFound):
        queries.seller_for(alice.pk, bob.handle)
    assert queries.seller_for(charlie.pk, alice.handle).as_seller.count == 1


def test_a_suspended_seller_has_no_page_and_a_suspended_author_no_words() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    both_rate(delivered(bob, alice))
    User.objects.filter(pk=bob.pk).update(is_active=False)
    (seen,) = queries.history(charlie.pk, alice.pk, Side.BUYER).items
    assert (seen.name, seen.text, seen.is_erased) == ("A member", "", False)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(NotFound):
        queries.seller_for(charlie.pk, alice.handle)


def test_of_an_erased_member_the_stars_stay_without_words_and_name() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    one, two = both_rate(delivered(bob, alice), of_seller=2)
    services.reply(member_id=bob.pk, rating_id=two.pk, text="Gladly.")
    services.erase_words(member_id=bob.pk)
    User.objects.filter(pk=bob.pk).update(is_active=False, erased_at=clock.now())
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.text, one.stars, two.reply, two.text, two.stars) == ("", 2, "", "", 5)
    (seen,) = queries.history(charlie.pk, alice.pk, Side.BUYER).items
    assert (seen.name, seen.is_erased) == ("Deleted member", True)
    assert queries.recounted(alice.pk, Side.BUYER).by_stars == (0, 1, 0, 0, 0)


def test_running_totals_are_exactly_what_a_recount_says() -> None:
    chance = random.Random(9)
    people = [members.member(f"trader_{number}") for number in range(4)]
    for _ in range(40):
        buyer, seller = chance.sample(people, 2)
        part = delivered(buyer, seller)
        for side in chance.sample([buyer, seller], chance.choice([1, 1, 2])):
            rate(side, part, chance.randint(1, 5))
        if chance.random() < 0.3:
            pass_days(15)
            services.show_due()
    for member in people:
        for side in Side:
            tally = Tally.objects.filter(member=member, side=side).first()
            wanted = queries.recounted(member.pk, side)
            assert wanted == (tally.totals if tally else type(wanted)())
            rows = Rating.objects.filter(subject=member, side=side).exclude(number=None)
            numbers = sorted(row.number or 0 for row in rows)
            assert numbers == list(range(1, wanted.count + 1))
            if wanted.count:
                exact = sum(row.stars for row in rows) / wanted.count
                assert abs(float(wanted.average) - exact) <= 0.05 + 1e-9
    assert Rating.objects.filter(number=None).exists()


def test_the_event_of_a_delivery_opens_the_exchange_once() -> None:
    from beyou.core.events import publish
    from beyou.orders.events import PartMoved

    part = delivered(members.bob(), members.alice())
    for _ in range(2):
        publish(PartMoved(part.order_id, part.pk, "delivered"))
    drain()
    assert Exchange.objects.count() == 1


def test_how_fast_a_seller_sends_is_the_span_in_the_middle() -> None:
    import datetime as dt

    alice, bob = members.alice(), members.bob()
    assert queries.seller_for(bob.pk, alice.handle).pace == ""
    for days in (1, 2, 40):
        part = delivered(bob, alice)
        paid_at = part.order.paid_at
        assert paid_at is not None
        part.shipped_at = paid_at + dt.timedelta(days=days)
        part.save()
    found = queries.seller_for(bob.pk, alice.handle)
    assert (found.pace, found.sold) == ("within 2 days", 3)
