"""Two of everything at the same moment, on whatever engine the suite runs: money moves once."""

from contextlib import suppress
from functools import partial

import pytest

from beyou.core.errors import ApplicationError
from beyou.core.ids import uuid7
from beyou.payments import queries, services
from beyou.payments.models import GatewayTask, Payment, Payout, Refund, Transfer
from beyou.payments.rules import AccountKind, State
from beyou.sandbox.models import BankCharge, BankPayout, BankRefund
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.payments.bank import balance, deal, outside, paid, pay, run

pytestmark = pytest.mark.django_db(transaction=True)


def test_pay_from_many_tabs_at_once_opens_one_charge() -> None:
    made = deal()
    found: list[services.Started] = []
    at_once(
        [lambda: found.append(made.start())] * 4
        + [lambda: found.append(made.start(idempotency_key="tab"))] * 4
    )
    assert len(set(found)) == 1
    assert Payment.objects.count() == BankCharge.objects.count() == 1


def test_a_payment_settles_once_however_many_say_so() -> None:
    made = deal()
    started = made.start()
    pay(started.payment_id)
    at_once([partial(services.sync, started.payment_id)] * 8)
    assert (Transfer.objects.count(), outside()) == (1, made.total)
    assert queries.money_health().is_sound


def test_settling_and_cancelling_at_once_leave_one_truth() -> None:
    for _ in range(4):
        made = deal()
        started = made.start()
        at_once([
            partial(pay, started.payment_id),
            partial(services.cancel_payment, payment_id=started.payment_id),
            partial(services.look_again, payment_id=started.payment_id),
            services.do_next_task,
        ])  # fmt: skip
        run()
        state, charge = queries.state_of(made.reference), BankCharge.objects.get(key=started.payment_id)
        assert (state is State.SETTLED) == (charge.progress == "paid")
        assert (state is State.CANCELLED) == (charge.progress == "cancelled")
        assert balance(AccountKind.ESCROW, made.sellers[0]) == (1000 if state is State.SETTLED else 0)
    assert queries.money_health().is_sound


def _tried(job: partial[object], done: list[object]) -> None:
    with suppress(ApplicationError):
        done.append(job())


def test_refunds_at_once_never_give_back_more_than_there_is() -> None:
    made = deal()
    payment = paid(made)
    wish = {"payment_id": payment.pk, "share_reference": made.share, "reason": "test"}
    done: list[object] = []
    jobs = [
        partial(services.refund, **wish, amount_minor=600, idempotency_key=f"r{number // 2}")  # type: ignore[arg-type]
        for number in range(6)
    ]
    at_once(
        [partial(_tried, job, done) for job in [*jobs, partial(services.release, share_reference=made.share)]]
    )
    run()
    assert len({each for each in done if each not in (950, 380)}) == 1, "one key of three won"
    assert Refund.objects.count() == BankRefund.objects.count() == 1
    assert outside() == made.total - 600
    assert queries.money_health().is_sound


def test_a_refund_is_sent_once_however_many_workers_ask() -> None:
    made = deal()
    payment = paid(made)
    services.refund(payment_id=payment.pk, share_reference=made.share, amount_minor=1000, reason="test",
                    idempotency_key="r")  # fmt: skip
    at_once([services.do_next_task] * 6)
    run()
    assert (BankRefund.objects.count(), outside()) == (1, 500)
    assert GatewayTask.objects.count() == 0


def test_two_payouts_of_one_balance_are_one() -> None:
    made = deal(sellers=[members.alice().pk, uuid7()])
    paid(made)
    services.release(share_reference=made.share)
    wish = {"seller_id": made.sellers[0], "currency": "EUR", "amount_minor": 600}
    done: list[object] = []
    jobs = [
        partial(services.request_payout, **wish, idempotency_key=f"p{number}")  # type: ignore[arg-type]
        for number in (1, 2, 3, 1, 2, 3)
    ]
    at_once([partial(_tried, job, done) for job in jobs])
    run()
    assert Payout.objects.count() == BankPayout.objects.count() == 1
    assert balance(AccountKind.SELLER, made.sellers[0]) == 350
    assert queries.money_health().is_sound


def test_releases_at_once_release_once() -> None:
    made = deal()
    paid(made)
    gained: list[int] = []
    at_once([lambda: gained.append(services.release(share_reference=made.share))] * 6)
    assert sorted(gained) == [0, 0, 0, 0, 0, 950]
    assert balance(AccountKind.SELLER, made.sellers[0]) == 950
