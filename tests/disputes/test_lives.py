"""Random lives of an order with its claims: whatever happens, no cent is lost and all of it ends."""

import datetime as dt
import os
import random
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import connection

from beyou.core import clock
from beyou.core.errors import ApplicationError
from beyou.core.ids import uuid7
from beyou.disputes import services
from beyou.disputes.models import Claim
from beyou.disputes.rules import OPEN, Reason
from beyou.orders import services as orders
from beyou.orders.models import SubOrder
from beyou.payments import services as payments
from beyou.payments.models import Payment, Payout, Refund
from beyou.payments.queries import money_health
from beyou.users.models import User
from tests.disputes.world import balance, bought, clerk, settle_down, trader

pytestmark = pytest.mark.django_db

STEPS = 14


class Life:
    """One order, and what its people may do in any order."""

    def __init__(self, seed: int, alice: User, bob: User, staff: list[User]) -> None:
        self.chance = random.Random(seed)
        self.alice, self.bob, self.staff = alice, bob, staff
        self.part = bought(alice, bob, price=self.chance.choice([100, 999, 2400]))

    def live(self) -> None:
        steps: list[Callable[[], object]] = [
            *[self._claim] * 3, self._accept, *[self._offer] * 3, self._contest, *[self._agree] * 3,
            self._decline, self._withdraw, self._say, *[self._hold] * 3, *[self._decide] * 3, self._confirm,
            self._pay_out, self._days, services.escalate_due, orders.confirm_due, settle_down,
        ]  # fmt: skip
        begin = self.chance.choice([self._begin_paid_out, self._begin_with_staff, lambda: None])
        with suppress(ApplicationError):
            begin()
        for _ in range(STEPS):
            with suppress(ApplicationError):
                self.chance.choice(steps)()
            assert money_health().is_sound
        self._end()

    def _begin_paid_out(self) -> None:
        self._confirm()
        self._pay_out()
        self._claim()

    def _begin_with_staff(self) -> None:
        self._claim()
        self._contest()
        self._hold()

    def _key(self) -> UUID:
        found = Claim.objects.filter(part=self.part).order_by("-id").values_list("id", flat=True).first()
        if found is None:
            raise ApplicationError
        return found

    def _amount(self) -> int:
        total = self.part.total_minor
        return self.chance.choice([0, 1, total // 3, total - 1, total, total + 1])

    def _claim(self) -> None:
        reason = self.chance.choice(list(Reason))
        services.claim(buyer_id=self.bob.pk, number=self.part.number, reason=reason, text="Wrong")

    def _accept(self) -> None:
        services.accept(seller_id=self.alice.pk, claim_id=self._key())

    def _offer(self) -> None:
        services.offer(seller_id=self.alice.pk, claim_id=self._key(), amount_minor=self._amount())

    def _contest(self) -> None:
        services.contest(seller_id=self.alice.pk, claim_id=self._key(), text="No")

    def _agree(self) -> None:
        """Mostly to what is offered."""
        row = Claim.objects.get(pk=self._key())
        seen = row.offer_minor or self._amount() if self.chance.random() < 0.9 else self._amount()
        services.agree(buyer_id=self.bob.pk, claim_id=row.pk, seen_minor=seen)

    def _decline(self) -> None:
        services.decline(buyer_id=self.bob.pk, claim_id=self._key())

    def _withdraw(self) -> None:
        if self.chance.random() < 0.3:
            services.withdraw(buyer_id=self.bob.pk, claim_id=self._key())

    def _say(self) -> None:
        services.say(member_id=self.bob.pk, claim_id=self._key(), text="And")

    def _hold(self) -> None:
        services.hold(claim_id=self._key(), staff_id=self.chance.choice(self.staff).pk)

    def _decide(self) -> None:
        staff = self.chance.choice(self.staff)
        services.decide(claim_id=self._key(), staff_id=staff.pk, refund_minor=self._amount(), reason="So")

    def _confirm(self) -> None:
        orders.confirm(buyer_id=self.bob.pk, number=self.part.number)

    def _pay_out(self) -> None:
        have = balance("seller", str(self.alice.pk))
        if have:
            amount = self.chance.choice([have, max(1, have // 2)])
            payments.request_payout(
                seller_id=self.alice.pk, currency="EUR", amount_minor=amount, idempotency_key=str(uuid7())
            )

    def _days(self) -> None:
        days = self.chance.choice([1, 6, 20])
        clock.shift(int(dt.timedelta(days=days).total_seconds() * 1000))

    def _end(self) -> None:
        """Whoever has not decided does so now."""
        for claim in Claim.objects.filter(part=self.part, state__in=[state.value for state in OPEN]):
            services.accept(seller_id=self.alice.pk, claim_id=claim.pk)
        with suppress(ApplicationError):
            self._confirm()
        clock.shift(0)
        settle_down()


@pytest.mark.parametrize("piece", range(3))
def test_random_lives_with_claims_lose_no_cent(piece: int, settings: object) -> None:
    staff = [clerk("fay"), clerk("gil")]
    size = int(os.environ.get("CLAIM_LIVES", "15" if connection.vendor == "sqlite" else "5"))
    alice = bob = None
    for number in range(size):
        seed = piece * size + number
        settings.CLAIM_FOUR_EYES = 0 if seed % 3 == 0 else 10**9  # type: ignore[attr-defined]
        if number % 5 == 0:
            # Limits are per member; and a seller of several orders pays for one with the others.
            alice, bob = trader(f"alice{seed}"), trader(f"bob{seed}")
        assert alice is not None and bob is not None  # noqa: PT018  (both at once)
        life = Life(seed, alice, bob, staff)
        life.live()
        part = SubOrder.objects.get(pk=life.part.pk)
        assert part.state in ("delivered", "refunded"), seed
        back = sum(
            Refund.objects.filter(share__reference=part.share_reference).values_list(
                "amount_minor", flat=True
            )
        )
        agreed = sum(
            Claim.objects.filter(part=part).exclude(refund_minor=None).values_list("refund_minor", flat=True)
        )
        assert back == agreed <= part.total_minor, seed
        assert (part.state == "refunded") == (back == part.total_minor), seed
    assert money_health().is_sound
    _nothing_is_missing()
    ends = set(Claim.objects.values_list("state", flat=True))
    assert ends == {"accepted", "agreed", "decided", "withdrawn"} or size < 100
    assert Refund.objects.filter(from_debt_minor__gt=0).exists() or size < 100


def _nothing_is_missing() -> None:
    """What buyers paid is what they got back, what sellers were paid out, and what stands in accounts."""
    from beyou.payments.models import Account

    paid = sum(Payment.objects.filter(state="settled").values_list("amount_minor", flat=True))
    back = sum(Refund.objects.filter(state="done").values_list("amount_minor", flat=True))
    out = sum(Payout.objects.filter(state="done").values_list("amount_minor", flat=True))
    inside = sum(Account.objects.exclude(kind="gateway").values_list("balance_minor", flat=True))
    assert paid - back - out == inside
