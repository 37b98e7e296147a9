"""One random life of one payment: notices lost, doubled, late, forged and in any order; a gateway with moods.

Whatever happened, once the notices rest and the comparison with the gateway has run, our books and the
gateway say the same.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from beyou.core import clock
from beyou.core.errors import ApplicationError
from beyou.core.ids import uuid7
from beyou.payments import gateways, queries, services
from beyou.payments.errors import BadSignature, GatewayAway
from beyou.payments.models import Account, Payment, Payout, Refund, Transfer, WebhookEvent
from beyou.payments.rules import AccountKind, State, Step
from beyou.sandbox import signing
from beyou.sandbox.client import SandboxGateway
from beyou.sandbox.models import BankCharge, BankNotice
from beyou.sandbox.rules import Card
from beyou.sandbox.services import bank, counter, notices
from beyou.users.models import User
from tests.payments.bank import Deal, balance, deal, pass_ms, pay

STEPS = 18


class MoodyGateway(SandboxGateway):
    """Sometimes no answer comes, and sometimes the work was done all the same."""

    chance: random.Random | None = None

    def _maybe(self, work: Callable[[], Any]) -> Any:
        mood = self.chance.random() if self.chance else 1.0
        if mood < 0.12:
            raise GatewayAway
        answer = work()
        if mood < 0.24:
            raise GatewayAway
        return answer

    def open(self, charge: gateways.Charge) -> gateways.Opened:
        return self._maybe(lambda: super(MoodyGateway, self).open(charge))  # type: ignore[no-any-return]

    def look(self, reference: str) -> gateways.Seen:
        return self._maybe(lambda: super(MoodyGateway, self).look(reference))  # type: ignore[no-any-return]

    def cancel(self, reference: str) -> gateways.Seen:
        return self._maybe(lambda: super(MoodyGateway, self).cancel(reference))  # type: ignore[no-any-return]

    def refund(self, reference: str, amount_minor: int, key: UUID) -> gateways.Sent:
        return self._maybe(lambda: super(MoodyGateway, self).refund(reference, amount_minor, key))  # type: ignore[no-any-return]


def _seller() -> UUID:
    """Somebody who can be told of a payout."""
    key = uuid7()
    User.objects.create(id=key, email=f"{key}@example.org", handle=f"s{key.hex[-20:]}", name="Seller")
    return key


@dataclass
class Life:
    """One deal, and what may happen to it."""

    chance: random.Random
    made: Deal = field(init=False)
    #: Notices as they were once sent, with their signature: for replays.
    seen: list[tuple[bytes, str]] = field(default_factory=list)
    forged: int = 0

    def __post_init__(self) -> None:
        first = _seller()
        # Now and then both shares are one seller's, so that the one can pay what the other owes.
        self.made = deal(sellers=[first, first if self.chance.random() < 0.5 else _seller()])

    def live(self) -> None:
        """Random steps, then rest."""
        steps = [
            *[self._start] * 3, *[self._card] * 4, self._confirm, self._leave_the_bank, self._cancel,
            *[self._hear] * 5, *[self._replay] * 2, *[self._forge] * 2, self._lose, *[self._wait] * 2,
            self._come_back, self._compare, *[self._work] * 6, *[self._refund] * 4, self._release,
            self._change_its_mind, *[self._hold_again] * 2, *[self._pay_out] * 2, *[self._decide] * 2,
        ]  # fmt: skip
        with suppress(ApplicationError):
            self.chance.choice(
                [self._begin_slowly, self._begin_well, self._begin_twice, self._begin_in_debt]
            )()
        MoodyGateway.chance = self.chance
        for _ in range(STEPS):
            with suppress(ApplicationError):
                self.chance.choice(steps)()
        MoodyGateway.chance = None
        self._rest()

    def _begin_slowly(self) -> None:
        self.made.start()

    def _begin_well(self) -> None:
        """Settled, so that there is something to refund and release."""
        started = self.made.start()
        pay(started.payment_id)
        services.sync(started.payment_id)

    def _begin_twice(self) -> None:
        """Declined and tried again, so that two attempts may both succeed in the end."""
        started = self.made.start()
        pay(started.payment_id, Card.DECLINED)
        services.sync(started.payment_id)
        self._start()

    def _begin_in_debt(self) -> None:
        """Sold, paid out, and then decided for the buyer; now and then the other sale pays for it."""
        self._begin_well()
        services.release(share_reference=self.made.share)
        self._pay_out()
        self._decide()
        if self.chance.random() < 0.5:
            services.release(share_reference=list(self.made.shares)[1])

    def _charge(self) -> BankCharge:
        charges = list(BankCharge.objects.filter(key__in=self._payments().values("pk")).order_by("id"))
        if not charges:
            raise ApplicationError
        return self.chance.choice(charges)

    def _payments(self) -> Any:
        return Payment.objects.filter(reference=self.made.reference)

    def _start(self) -> None:
        self.made.start(idempotency_key=f"{self.made.key}-{self.chance.randrange(3)}")

    def _card(self) -> None:
        card = self.chance.choice([*Card, Card.SUCCESS, Card.SUCCESS])
        counter.pay(reference=self._charge().reference, card=card)

    def _confirm(self) -> None:
        counter.confirm(reference=self._charge().reference, is_granted=self.chance.random() < 0.7)

    def _leave_the_bank(self) -> None:
        bank.cancel(self._charge().reference)

    def _change_its_mind(self) -> None:
        """The bank once said that it failed, and was wrong: success comes late."""
        charge = self._charge()
        lost = BankCharge.objects.filter(pk=charge.pk, progress__in=["failed", "cancelled"])
        if lost.update(progress="paid", failure=""):
            notices.tell(charge, kind="charge.paid")

    def _cancel(self) -> None:
        payment = self.chance.choice(list(self._payments()))
        services.cancel_payment(payment_id=payment.pk)

    def _hear(self) -> None:
        """Any notice, due or not, heard or not: with a signature of this moment."""
        rows = list(BankNotice.objects.filter(charge=self._charge()).select_related("charge"))
        if rows:
            body = notices.body_of(self.chance.choice(rows))
            self.seen.append((body, signing.sign(body)))
            self._tell(*self.seen[-1])

    def _replay(self) -> None:
        if self.seen:
            with suppress(BadSignature):
                self._tell(*self.chance.choice(self.seen))

    def _forge(self) -> None:
        """Somebody else says that it is paid, or turns a true notice into another."""
        body = f'{{"id":"{uuid7()}","type":"charge.paid","payment":"{self._charge().key}"}}'.encode()
        signature = self.chance.choice(["", "t=1,v1=0", signing.sign(b"{}"), signing.sign(body)[:-1] + "x"])
        if self.seen and self.chance.random() < 0.5:
            body, signature = self.seen[-1][0] + b" ", self.seen[-1][1]
        with suppress(BadSignature):
            self._tell(body, signature)
            self.forged += 1

    @staticmethod
    def _tell(body: bytes, signature: str) -> None:
        services.receive_webhook(gateway="sandbox", body=body, headers={signing.HEADER: signature})

    def _lose(self) -> None:
        BankNotice.objects.filter(charge=self._charge()).update(delivered_at=clock.now())

    def _wait(self) -> None:
        pass_ms(self.chance.choice([50, 9_000, 11_000, 70_000, 400_000]))

    def _come_back(self) -> None:
        services.look_again(payment_id=self.chance.choice(list(self._payments())).pk)

    def _compare(self) -> None:
        services.compare_with_gateways()

    def _work(self) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            services.do_next_task()

    def _refund(self) -> None:
        payment = self.chance.choice(list(self._payments()))
        share = self.chance.choice(list(self.made.shares))
        amount, key = self.chance.choice([1, 333, 500, 1000]), f"{payment.pk}-{self.chance.randrange(4)}"
        services.refund(
            payment_id=payment.pk,
            share_reference=share,
            amount_minor=amount,
            reason="random",
            idempotency_key=key,
        )

    def _hold_again(self) -> None:
        services.hold_again(share_reference=self.chance.choice(list(self.made.shares)))

    def _pay_out(self) -> None:
        """All that a seller has, or a part; some banks refuse."""
        seller = self.chance.choice(self.made.sellers)
        have = balance(AccountKind.SELLER, seller)
        if have:
            amount = self.chance.choice([have, max(1, have // 2)])
            services.request_payout(
                seller_id=seller, currency="EUR", amount_minor=amount, idempotency_key=str(uuid7())
            )

    def _decide(self) -> None:
        """A claim is decided for the buyer, whatever the seller has; now and then the rest is released."""
        payment, share = (
            self.chance.choice(list(self._payments())),
            self.chance.choice(list(self.made.shares)),
        )
        services.refund(
            payment_id=payment.pk, share_reference=share, amount_minor=self.chance.choice([100, 500, 1000]),
            reason="claim", idempotency_key=f"claim-{payment.pk}-{share}", may_owe=True,
        )  # fmt: skip
        if self.chance.random() < 0.5:
            services.release(share_reference=share)

    def _release(self) -> None:
        services.release(share_reference=self.chance.choice(list(self.made.shares)))

    def _rest(self) -> None:
        """Days pass without any notice: only the comparison runs. Two rounds, so that what is called off in
        the first is known in the second.
        """
        BankNotice.objects.filter(delivered_at=None).update(delivered_at=clock.now())
        for _ in range(3):
            pass_ms(90_000_000)
            services.compare_with_gateways()
            while services.do_next_task():
                pass

    def wrong(self) -> list[str]:
        """What our books and the gateway do not agree about."""
        found = ["a forged notice was believed"] * self.forged
        paid = back = 0
        for payment in self._payments():
            charge = BankCharge.objects.filter(key=payment.pk).first()
            is_paid = charge is not None and bank.look(charge.reference).progress == "paid"
            if (payment.state == State.SETTLED) != is_paid:
                found.append(f"{payment} is {charge} at the bank")
            if State(payment.state) not in (State.SETTLED, State.FAILED, State.CANCELLED):
                found.append(f"{payment} does not end")
            returned = bank.look(charge.reference).refunded_minor if charge else 0
            if returned != payment.refunded_minor:
                found.append(f"{payment} gave back {payment.refunded_minor}, the bank {returned}")
            paid, back = paid + is_paid * payment.amount_minor, back + returned
        settled = self._payments().filter(state=State.SETTLED, open_of__isnull=False)
        if settled.count() > 1 or paid - back > self.made.total:
            found.append("the buyer paid twice")
        if Refund.objects.filter(share__payment__in=self._payments(), state=Step.ASKED).exists():
            found.append("a refund does not end")
        return found + self._wrong_books(paid - back)

    def _wrong_books(self, kept: int) -> list[str]:
        """Whatever the bank kept for us lies with the sellers or in fees."""
        mine = Account.objects.filter(member_id__in=[*self.made.sellers, self.made.payer])
        held = sum(mine.values_list("balance_minor", flat=True))
        out = Payout.objects.filter(seller_id__in=self.made.sellers)
        if out.filter(state=Step.ASKED).exists():
            return ["a payout does not end"]
        kept -= sum(out.filter(state=Step.DONE).values_list("amount_minor", flat=True))
        fees = sum(share.fee_taken_minor for payment in self._payments() for share in payment.shares.all())
        return [] if held + fees == kept else [f"{held} with members and {fees} of fees are not {kept}"]


def check(seeds: range) -> None:
    """Lives, one for each seed; raises `AssertionError` with the seeds of those that ended wrong."""
    wrong: dict[int, list[str]] = {}
    for seed in seeds:
        life = Life(random.Random(seed))
        life.live()
        if found := life.wrong():
            wrong[seed] = found
        clock.shift(0)
        if seed % 50 == 49:
            assert queries.money_health().is_sound
    assert not wrong, wrong
    assert queries.money_health().is_sound
    ends = set(Payment.objects.values_list("state", flat=True))
    assert ends == {"settled", "failed", "cancelled"}, "too little happened to prove anything"
    assert WebhookEvent.objects.count() > len(seeds) // 4
    assert balance(AccountKind.REFUNDS) == 0
    if len(seeds) >= 100:
        # Fewer lives need not come to the rarer turns.
        assert Refund.objects.filter(from_debt_minor__gt=0).exists(), "nobody ever owed anything"
        assert Transfer.objects.filter(kind="debt_paid").exists(), "nobody ever paid a debt"
        assert Transfer.objects.filter(kind="held_again").exists()
