"""Both at once, and each twice, on whatever engine the suite runs."""

from contextlib import suppress
from functools import partial

import pytest

from beyou.core.errors import ApplicationError
from beyou.reviews import queries, services
from beyou.reviews.models import Rating, Tally
from beyou.reviews.rules import Side
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.reviews.world import delivered, pass_days, rate

pytestmark = pytest.mark.django_db(transaction=True)


def tried(*args: object) -> None:
    job, *rest = args
    with suppress(ApplicationError):
        job(*rest)  # type: ignore[operator]


def test_two_tabs_and_both_sides_make_two_ratings_that_count_once() -> None:
    alice, bob = members.alice(), members.bob()
    for number in range(1, 4):
        part = delivered(bob, alice)
        jobs = [partial(tried, rate, who, part, 4, "Fine.") for who in (bob, alice, bob, alice, bob, alice)]
        at_once(jobs)
        rows = Rating.objects.filter(exchange__part=part)
        assert sorted(rows.values_list("side", "number", "edited_at")) == [
            ("buyer", number, None), ("seller", number, None),
        ]  # fmt: skip
    assert queries.recounted(alice.pk, Side.BUYER) == Tally.objects.get(member=alice).totals


def test_many_exchanges_of_the_same_two_end_at_once_and_all_count() -> None:
    alice, bob = members.alice(), members.bob()
    parts = [delivered(bob, alice) for _ in range(3)] + [delivered(alice, bob) for _ in range(3)]
    for part in parts:
        rate(bob, part, 3)
    jobs = [partial(tried, rate, alice, part, 5) for part in parts]
    at_once(jobs)
    for member in (alice, bob):
        for side in Side:
            assert queries.recounted(member.pk, side) == Tally.objects.get(member=member, side=side).totals
            assert queries.recounted(member.pk, side).count == 3


def test_the_end_of_the_time_comes_once_however_many_sweep() -> None:
    alice, bob = members.alice(), members.bob()
    for _ in range(4):
        rate(bob, delivered(bob, alice), 2)
    pass_days(15)
    at_once([services.show_due] * 4)
    assert Tally.objects.get(member=alice).totals.by_stars == (0, 4, 0, 0, 0)


def test_of_two_replies_at_once_one_stands() -> None:
    alice, bob = members.alice(), members.bob()
    part = delivered(bob, alice)
    rate(bob, part)
    rate(alice, part)
    one = Rating.objects.get(author=bob)
    said = ["One.", "Two.", "Three.", "Four."]

    def say(text: str) -> None:
        services.reply(member_id=alice.pk, rating_id=one.pk, text=text)

    at_once([partial(tried, say, text) for text in said])
    one.refresh_from_db()
    assert one.reply in said
