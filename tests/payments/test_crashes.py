"""The process dies at each named point of a payment's life; afterwards everything ends as if it had not."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from beyou.core import crash
from beyou.core.ids import uuid7
from beyou.payments import queries, services
from beyou.payments.models import Payment, Payout, Refund
from beyou.payments.rules import AccountKind, State, Step
from beyou.sandbox.models import BankCharge, BankPayout, BankRefund
from tests.factories import members
from tests.payments.bank import Deal, balance, deal, outside, pass_ms, pay, run

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = [name for name in crash.POINTS if name.startswith("payments.")]


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    crash.disarm()


def _life(made: Deal) -> list[Callable[[], object]]:
    """What happens to a payment, step by step; each step may be repeated by whoever got no answer."""
    seller, (first, second) = made.sellers[0], made.shares

    def payment() -> Payment:
        return Payment.objects.get(idempotency_key=made.key)

    def refund() -> object:
        return services.refund(payment_id=payment().pk, share_reference=second, amount_minor=500,
                               reason="test", idempotency_key="refund")  # fmt: skip

    def pay_out() -> object:
        return services.request_payout(seller_id=seller, currency="EUR", amount_minor=950,
                                       idempotency_key="payout")  # fmt: skip

    return [
        made.start,
        lambda: pay(payment().pk),
        run,
        refund,
        run,
        partial(services.release, share_reference=first),
        partial(services.hold_again, share_reference=first),
        partial(services.release, share_reference=first),
        pay_out,
        run,
    ]


def test_a_point_that_nobody_declared_cannot_be_armed() -> None:
    with pytest.raises(ValueError, match="no crash point"):
        crash.arm("payments.nowhere")


@pytest.mark.parametrize("point", [name for name in POINTS if name != "payments.cancelled"])
def test_a_life_that_is_cut_anywhere_ends_as_if_it_was_not(point: str) -> None:
    made = deal(sellers=[members.alice().pk, uuid7()])
    crash.arm(point)
    deaths = 0
    for step in _life(made):
        try:
            step()
        except crash.Died:
            deaths += 1
            assert queries.money_health().is_sound, "also in the moment after the death"
            # Leases of the dead end; then whoever got no answer asks again.
            pass_ms(200_000)
            step()
    assert deaths == 1, "the life never came to this point"
    pass_ms(4_000_000)
    run()
    assert queries.state_of(made.reference) is State.SETTLED
    assert (Refund.objects.get().state, Payout.objects.get().state) == (Step.DONE, Step.DONE)
    assert [model.objects.count() for model in (BankCharge, BankRefund, BankPayout)] == [1, 1, 1]
    assert (outside(), balance(AccountKind.FEES), balance(AccountKind.SELLER, made.sellers[0])) == (50, 50, 0)
    assert queries.money_health().is_sound


def test_a_cancel_that_is_cut_is_repeated() -> None:
    made = deal()
    started = made.start()
    services.cancel_payment(payment_id=started.payment_id)
    crash.arm("payments.cancelled")
    with pytest.raises(crash.Died):
        run()
    assert queries.state_of(made.reference) is State.CANCELLING
    pass_ms(200_000)
    run()
    assert queries.state_of(made.reference) is State.CANCELLED


@pytest.mark.parametrize("point", ["payments.recorded", "payments.opened"])
def test_nobody_is_charged_for_a_start_that_died_and_was_never_repeated(point: str) -> None:
    made = deal()
    crash.arm(point)
    with pytest.raises(crash.Died):
        made.start()
    pass_ms(200_000)
    services.compare_with_gateways()
    run()
    assert queries.state_of(made.reference) is State.CANCELLED
    assert outside() == 0
