"""Money that was released is held again; what is not there any more is a debt that later sales pay."""

from contextlib import suppress
from functools import partial

import pytest

from beyou.core.ids import uuid7
from beyou.payments import queries, services
from beyou.payments.errors import NotEnoughMoney, RefundTooLarge
from beyou.payments.models import MoneyAlert, Payout, Refund, Share, Transfer
from beyou.payments.rules import AccountKind, Step, held_again
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.payments.bank import Deal, balance, deal, pay, run

pytestmark = pytest.mark.django_db(transaction=True)


def sold() -> Deal:
    """Alice was paid 10.00, less a fee of 0.50, and the money is released."""
    made = deal(sellers=[members.alice().pk, uuid7()])
    started = made.start()
    pay(started.payment_id)
    services.sync(started.payment_id)
    services.release(share_reference=made.share)
    run()
    return made


def pay_out(made: Deal, amount: int) -> None:
    services.request_payout(
        seller_id=made.sellers[0], currency="EUR", amount_minor=amount, idempotency_key=str(uuid7())
    )
    run()


def refund(made: Deal, amount: int, *, may_owe: bool = True, key: str = "claim") -> None:
    share = Share.objects.get(reference=made.share)
    services.refund(
        payment_id=share.payment_id,
        share_reference=made.share,
        amount_minor=amount,
        reason="claim",
        idempotency_key=key,
        may_owe=may_owe,
    )


def seller(made: Deal) -> int:
    return balance(AccountKind.SELLER, made.sellers[0])


def debt(made: Deal) -> int:
    return balance(AccountKind.DEBT, made.sellers[0])


def test_released_money_is_held_again_with_its_fee_and_released_again() -> None:
    made = sold()
    assert (seller(made), balance(AccountKind.FEES)) == (950, 50)
    for _ in range(2):
        assert services.hold_again(share_reference=made.share) == 1000
        assert (seller(made), balance(AccountKind.FEES)) == (0, 0)
    with pytest.raises(NotEnoughMoney):
        pay_out(made, 1)
    assert services.release(share_reference=made.share) == 950
    assert services.hold_again(share_reference=made.share) == 1000
    assert services.release(share_reference=made.share) == 950
    assert (seller(made), balance(AccountKind.FEES)) == (950, 50)
    assert queries.money_health().is_sound


def test_only_what_is_there_is_held_again() -> None:
    made = sold()
    pay_out(made, 475)
    assert services.hold_again(share_reference=made.share) == 500
    assert (seller(made), balance(AccountKind.FEES)) == (0, 25)
    assert queries.money_health().is_sound


@pytest.mark.parametrize("available", [-5, 0, 1, 949, 950, 10_000])
def test_what_is_held_again_is_never_more_than_what_was_released(available: int) -> None:
    found = held_again(available, released_minor=1000, fee_taken_minor=50)
    assert found.held == found.seller + found.fees
    assert 0 <= found.seller <= max(0, min(available, 950))
    assert 0 <= found.fees <= 50


def test_a_refund_after_the_payout_is_paid_and_owed_and_later_sales_pay_it_first() -> None:
    made = sold()
    pay_out(made, 950)
    with pytest.raises(NotEnoughMoney):
        refund(made, 1000, may_owe=False, key="no")
    refund(made, 1000)
    refund(made, 1000)
    run()
    assert Refund.objects.get().state == Step.DONE
    assert (seller(made), debt(made), balance(AccountKind.FEES)) == (0, -950, 0)
    assert [each.owed_minor for each in queries.balance_for(made.sellers[0])] == [950]
    assert MoneyAlert.objects.filter(kind="seller_owes").count() == 1
    with pytest.raises(NotEnoughMoney):
        pay_out(made, 1)
    with pytest.raises(RefundTooLarge):
        refund(made, 1, key="more")
    # 9.50 of the next sale pay the debt to the cent; the one after that is the seller's.
    for left in (0, 950):
        again = deal(sellers=made.sellers)
        started = again.start()
        pay(started.payment_id)
        services.sync(started.payment_id)
        services.release(share_reference=again.share)
        assert (seller(made), debt(made)) == (left, 0)
    words = [line.words for line in queries.statement(made.sellers[0])]
    assert words == ["Sale", "Payout", "Sale", "Paid back what you owed", "Sale"]
    assert queries.money_health().is_sound


def test_a_payout_that_fails_pays_the_debt_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made = sold()
    services.request_payout(
        seller_id=made.sellers[0], currency="EUR", amount_minor=950, idempotency_key="slow"
    )
    refund(made, 400)
    assert debt(made) == -380
    from beyou.payments.gateways import Sent
    from beyou.payments.services import payouts

    payouts._end(Payout.objects.get().pk, Sent(Step.FAILED, "account_closed"))
    assert (seller(made), debt(made)) == (570, 0)
    assert queries.money_health().is_sound


def test_a_refused_refund_gives_back_what_was_owed_and_what_was_paid_of_it() -> None:
    from beyou.payments.gateways import Sent
    from beyou.payments.services import refunds

    made = sold()
    pay_out(made, 950)
    refund(made, 1000)
    again = deal(sellers=made.sellers)
    started = again.start()
    pay(started.payment_id)
    services.sync(started.payment_id)
    services.release(share_reference=again.share)
    assert (seller(made), debt(made)) == (0, 0)
    refunds._end(Refund.objects.get().pk, Sent(Step.FAILED, "closed"))
    assert (seller(made), debt(made)) == (950, 0)
    assert queries.money_health().is_sound


def test_holding_releasing_refunding_and_paying_out_at_once_leave_sound_books() -> None:
    made = sold()
    jobs = [
        partial(services.hold_again, share_reference=made.share),
        partial(services.release, share_reference=made.share),
        partial(refund, made, 600),
    ] * 3

    def out() -> None:
        with suppress(NotEnoughMoney):
            services.request_payout(
                seller_id=made.sellers[0], currency="EUR", amount_minor=300, idempotency_key="one"
            )

    at_once([*jobs, out, out])
    run()
    assert Refund.objects.count() == 1
    assert Payout.objects.count() <= 1
    assert queries.money_health().is_sound
    assert Transfer.objects.filter(kind="refunded").count() == 1
