"""Two staff, two claims, a claim against the clock and the seller, at the same moment, on whatever engine."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from django.conf import LazySettings

from beyou.core import clock
from beyou.core.errors import ApplicationError
from beyou.disputes import services
from beyou.disputes.models import Claim
from beyou.orders import rules as order_rules
from beyou.orders import services as orders
from beyou.payments.models import Refund
from tests.blocks.test_races import at_once
from tests.disputes.world import (
    balance,
    bought,
    check_books,
    claim,
    clerk,
    contested,
    delivered,
    held,
    trader,
)

pytestmark = pytest.mark.django_db(transaction=True)


def tried(job: Callable[[], object], done: list[object]) -> None:
    with suppress(ApplicationError):
        done.append(job())


def race(*jobs: Callable[[], object]) -> list[object]:
    """What those got who got something."""
    done: list[object] = []
    at_once([partial(tried, job, done) for job in jobs])
    return done


def test_of_many_claims_about_one_part_one_is_made() -> None:
    part = bought(trader("alice"), trader("bob"))
    assert len(race(*[partial(claim, part)] * 6)) == 1
    assert Claim.objects.count() == 1
    check_books()


def test_a_claim_and_the_clock_and_the_buyers_yes_leave_one_truth() -> None:
    alice, bob = trader("alice"), trader("bob")
    for _ in range(4):
        part = bought(alice, bob)
        clock.shift(int(order_rules.CONFIRM_WITHIN.total_seconds() * 1000) + 1)
        confirm = partial(orders.confirm, buyer_id=bob.pk, number=part.number)
        made = [
            each
            for each in race(orders.confirm_due, partial(claim, part), confirm)
            if isinstance(each, Claim)
        ]
        clock.shift(0)
        part.refresh_from_db()
        check_books()
        # Whoever came first: after an open claim nothing of it is the seller's.
        assert part.state == ("disputed" if made else "delivered")
        if made:
            assert balance("escrow", str(alice.pk)) == part.total_minor
            services.withdraw(buyer_id=bob.pk, claim_id=made[0].pk)
        assert balance("escrow", str(alice.pk)) == 0


def test_one_of_the_staff_holds_it_and_one_decision_counts() -> None:
    made, staff = (
        contested(bought(trader("alice"), trader("bob"))),
        [clerk("fay"), clerk("gil"), clerk("hal")],
    )
    assert len(race(*(partial(services.hold, claim_id=made.pk, staff_id=each.pk) for each in staff))) == 1
    made.refresh_from_db()
    decide = [
        partial(
            services.decide, claim_id=made.pk, staff_id=made.held_by_id, refund_minor=amount, reason="So."
        )
        for amount in (0, 100, 2850, 2850)
    ]
    assert len(race(*decide)) == 1
    made.refresh_from_db()
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == made.refund_minor
    check_books()


def test_two_who_must_agree_never_decide_twice(settings: LazySettings) -> None:
    settings.CLAIM_FOUR_EYES = 0
    made, fay, gil = contested(bought(trader("alice"), trader("bob"))), clerk("fay"), clerk("gil")
    held(made, fay)
    propose = partial(services.decide, claim_id=made.pk, staff_id=fay.pk, refund_minor=900, reason="A third.")
    assert race(propose, propose, propose) == [False]
    held(made, gil)
    agree = partial(services.decide, claim_id=made.pk, staff_id=gil.pk, refund_minor=900, reason="Yes.")
    assert race(agree, agree, propose) == [True]
    check_books()
    assert Refund.objects.get().amount_minor == 900


def test_the_sides_and_the_staff_settle_it_once() -> None:
    for number in range(3):
        alice, bob, fay = trader(f"alice{number}"), trader(f"bob{number}"), clerk(f"fay{number}")
        part = delivered(alice, bob)
        made = held(contested(part), fay)
        race(
            partial(services.accept, seller_id=alice.pk, claim_id=made.pk),
            partial(services.withdraw, buyer_id=bob.pk, claim_id=made.pk),
            partial(services.decide, claim_id=made.pk, staff_id=fay.pk, refund_minor=500, reason="So."),
            partial(services.say, member_id=bob.pk, claim_id=made.pk, text="Wait"),
        )
        made.refresh_from_db()
        check_books()
        back = sum(Refund.objects.filter(share__seller_id=alice.pk).values_list("amount_minor", flat=True))
        assert made.state in ("accepted", "withdrawn", "decided")
        assert back == made.refund_minor
        assert made.open_of_id is None
        assert balance("escrow", str(alice.pk)) == 0


def test_an_offer_is_taken_or_changed_but_never_mistaken() -> None:
    for number in range(3):
        alice, bob = trader(f"alice{number}"), trader(f"bob{number}")
        made = claim(bought(alice, bob))
        services.offer(seller_id=alice.pk, claim_id=made.pk, amount_minor=900)
        race(
            partial(services.offer, seller_id=alice.pk, claim_id=made.pk, amount_minor=100),
            partial(services.agree, buyer_id=bob.pk, claim_id=made.pk, seen_minor=900),
        )
        made.refresh_from_db()
        check_books()
        if made.state == "agreed":
            assert made.refund_minor == 900
        else:
            assert (made.state, made.offer_minor) == ("offered", 100)
