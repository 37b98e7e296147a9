"""A payment from its start to its end, in good and bad order: nobody is charged twice, no cent is lost."""

from typing import Any

import pytest
from django.db import transaction

from beyou.core import events
from beyou.core.errors import NotFound
from beyou.core.events import Event
from beyou.core.ids import uuid7
from beyou.notifications.models import Notification
from beyou.notifications.rules import Kind
from beyou.payments import gateways, queries, services
from beyou.payments.errors import (
    AlreadyPaid,
    GatewayAway,
    GatewayRefused,
    KeyReused,
    NotEnoughMoney,
    NotPaid,
    PaymentOpen,
    PaymentsOff,
    RefundTooLarge,
)
from beyou.payments.events import PaymentFailed, PaymentRefunded, PaymentSettled
from beyou.payments.models import GatewayTask, MoneyAlert, Payment, Payout, Refund, Share, Transfer
from beyou.payments.rules import AccountKind, State, Step
from beyou.sandbox.client import SandboxGateway
from beyou.sandbox.models import BankCharge, BankPayout, BankRefund
from beyou.sandbox.rules import Card
from beyou.users.rules import Level
from tests.factories import members
from tests.payments.bank import Deal, balance, charge_of, deal, outside, paid, pass_ms, pay, run

pytestmark = pytest.mark.django_db
ESCROW, SELLER, FEES = AccountKind.ESCROW, AccountKind.SELLER, AccountKind.FEES


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Every fact about payments, as often as it is heard."""
    found: list[Event] = []
    for kind in (PaymentSettled, PaymentFailed, PaymentRefunded):
        name = f"tests.payments.hear.{kind.__name__}"
        monkeypatch.setitem(events._handlers, kind, [(name, found.append)])
        monkeypatch.setitem(events._by_name, name, (kind, found.append))
    return found


def _refund(made: Deal, payment: Payment, amount: int, key: str = "r") -> Refund:
    made_id = services.refund(
        payment_id=payment.pk, share_reference=made.share, amount_minor=amount, reason="test",
        idempotency_key=key,
    )  # fmt: skip
    return Refund.objects.get(pk=made_id)


def test_what_is_paid_is_held_then_released_less_the_fee(heard: list[Event]) -> None:
    made = deal()
    started = made.start()
    assert started.redirect_url == f"/sandbox/pay/{charge_of(started.payment_id).reference}"
    assert queries.state_of(made.reference) is State.REQUIRES_ACTION
    pay(started.payment_id)
    assert queries.state_of(made.reference) is State.REQUIRES_ACTION, "nobody has told us yet"
    run()
    assert queries.state_of(made.reference) is State.SETTLED
    assert heard == [PaymentSettled(started.payment_id, made.reference)]
    first, second = made.sellers
    assert (balance(ESCROW, first), balance(ESCROW, second), balance(SELLER, first)) == (1000, 500, 0)
    assert services.release(share_reference=made.share) == 950
    assert services.release(share_reference=made.share) == 0, "a repeat changes nothing"
    assert (balance(ESCROW, first), balance(SELLER, first), balance(FEES)) == (0, 950, 50)
    assert outside() == 1500
    assert queries.money_health().is_sound


def test_a_repeat_of_the_start_is_the_first_also_from_another_tab() -> None:
    made = deal()
    first = made.start()
    assert made.start() == first
    assert made.start(idempotency_key="another tab") == first
    assert BankCharge.objects.count() == Payment.objects.count() == 1
    with pytest.raises(KeyReused):
        made.start(amount_minor=1600, shares=[(made.sellers[0], 1600, 0, made.share)])
    with pytest.raises(PaymentOpen):
        made.start(idempotency_key="o", amount_minor=9, shares=[(made.sellers[0], 9, 0, made.share)])
    pay(first.payment_id)
    run()
    with pytest.raises(AlreadyPaid):
        made.start(idempotency_key="again")
    assert made.start().redirect_url == "/home"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": 1499},
        {"amount_minor": 0, "shares": []},
        {"currency": "euro"},
        {"return_path": "//evil.example/"},
        {"return_path": "https://evil.example/"},
        {"return_path": "/" + "x" * 200},
    ],
)
def test_what_no_charge_could_be_is_refused_before_anybody_is_asked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        deal().start(**wrong)
    assert Payment.objects.count() == BankCharge.objects.count() == 0


@pytest.mark.parametrize(
    ("card", "reason"), [(Card.DECLINED, "card_declined"), (Card.INSUFFICIENT, "insufficient_funds")]
)
def test_what_is_declined_charges_nothing_and_may_be_tried_again(
    card: Card, reason: str, heard: list[Event]
) -> None:
    made = deal()
    started = made.start()
    pay(started.payment_id, card)
    run()
    assert queries.state_of(made.reference) is State.FAILED
    assert heard == [PaymentFailed(started.payment_id, made.reference, reason)]
    assert (outside(), Transfer.objects.count()) == (0, 0)
    again = made.start(idempotency_key="again")
    assert again.payment_id != started.payment_id
    pay(again.payment_id)
    run()
    assert queries.state_of(made.reference) is State.SETTLED
    assert outside() == made.total


def test_a_slow_payment_settles_by_time() -> None:
    made = deal()
    started = made.start()
    pay(started.payment_id, Card.SLOW)
    run()
    assert queries.state_of(made.reference) is State.PROCESSING
    pass_ms(10_001)
    services.look_again(payment_id=started.payment_id)
    assert queries.state_of(made.reference) is State.SETTLED
    run()
    assert Transfer.objects.count() == 1


def test_a_notice_that_comes_late_finds_it_settled_by_who_came_back() -> None:
    made = deal()
    started = made.start()
    pay(started.payment_id, Card.LATE)
    run()
    assert queries.state_of(made.reference) is State.REQUIRES_ACTION
    services.look_again(payment_id=started.payment_id)
    assert queries.state_of(made.reference) is State.SETTLED
    pass_ms(60_001)
    run()
    assert (Transfer.objects.count(), outside()) == (1, made.total)


def test_a_lost_notice_is_made_good_by_the_comparison() -> None:
    made = deal()
    started = made.start()
    pay(started.payment_id)
    charge_of(started.payment_id).notices.all().delete()
    run()
    pass_ms(130_000)
    assert services.compare_with_gateways() == 1
    run()
    assert queries.state_of(made.reference) is State.SETTLED


def test_what_is_cancelled_cannot_be_paid(heard: list[Event]) -> None:
    made = deal()
    started = made.start()
    assert services.cancel_payment(payment_id=started.payment_id) is State.CANCELLING
    run()
    assert services.cancel_payment(payment_id=started.payment_id) is State.CANCELLED
    pay(started.payment_id)
    run()
    assert queries.state_of(made.reference) is State.CANCELLED
    assert heard == [PaymentFailed(started.payment_id, made.reference, "cancelled")]
    assert outside() == 0


def test_who_pays_before_the_cancel_arrives_has_paid(heard: list[Event]) -> None:
    made = deal()
    started = made.start()
    pay(started.payment_id)
    services.cancel_payment(payment_id=started.payment_id)
    run()
    assert queries.state_of(made.reference) is State.SETTLED
    assert heard == [PaymentSettled(started.payment_id, made.reference)]


def test_of_two_attempts_that_both_succeed_one_goes_back_whole(
    heard: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = deal()
    first = made.start()
    # The gateway once said that it failed, and was wrong.
    Payment.objects.filter(pk=first.payment_id).update(state=State.FAILED, open_of=None)
    second = made.start(idempotency_key="second")
    pay(second.payment_id)
    run()
    pay(first.payment_id)
    run()
    assert heard.count(PaymentSettled(second.payment_id, made.reference)) == 1
    assert not [
        each for each in heard if isinstance(each, PaymentSettled) and each.payment_id != second.payment_id
    ]
    assert Payment.objects.get(pk=first.payment_id).refunded_minor == made.total
    assert (outside(), balance(ESCROW, made.sellers[0])) == (made.total, 1000)
    assert queries.money_health().is_sound
    assert services.release(share_reference=made.share) == 950


def test_late_success_of_what_failed_is_success(heard: list[Event]) -> None:
    made = deal()
    started = made.start()
    Payment.objects.filter(pk=started.payment_id).update(state=State.FAILED, open_of=None)
    pay(started.payment_id)
    run()
    assert queries.state_of(made.reference) is State.SETTLED
    assert heard == [PaymentSettled(started.payment_id, made.reference)]


def test_another_amount_than_asked_for_never_settles() -> None:
    members.staff(Level.FINANCE, handle="fiona")
    made = deal()
    started = made.start()
    BankCharge.objects.update(amount_minor=1)
    pay(started.payment_id)
    run()
    assert queries.state_of(made.reference) is State.REQUIRES_ACTION
    assert MoneyAlert.objects.get().kind == "other_amount"
    assert Notification.objects.filter(kind=Kind.MONEY_ALERT).count() == 1
    run()
    services.look_again(payment_id=started.payment_id)
    assert MoneyAlert.objects.count() == 1


def test_refunds_come_from_escrow_and_never_exceed_the_share(heard: list[Event]) -> None:
    made = deal()
    payment = paid(made)
    _refund(made, payment, 400)
    assert _refund(made, payment, 400).pk == Refund.objects.get().pk, "a repeat is the first"
    with pytest.raises(KeyReused):
        _refund(made, payment, 401)
    with pytest.raises(RefundTooLarge):
        _refund(made, payment, 601, "more")
    assert balance(AccountKind.REFUNDS) == 400
    run()
    assert PaymentRefunded(payment.pk, made.reference, made.share, 400) in heard
    assert (outside(), balance(AccountKind.REFUNDS), balance(ESCROW, made.sellers[0])) == (1100, 0, 600)
    assert services.release(share_reference=made.share) == 570
    _refund(made, payment, 600, "rest")
    run()
    assert (outside(), balance(SELLER, made.sellers[0]), balance(FEES)) == (500, 0, 0)
    assert BankRefund.objects.count() == 2
    assert queries.money_health().is_sound


def test_what_is_not_paid_is_neither_refunded_nor_released() -> None:
    made = deal()
    started = made.start()
    payment = Payment.objects.get(pk=started.payment_id)
    with pytest.raises(NotPaid):
        _refund(made, payment, 1)
    with pytest.raises(NotPaid):
        services.release(share_reference=made.share)
    for wrong in (0, -1, 10**13):
        with pytest.raises(ValueError, match="amount"):
            _refund(made, payment, wrong)
    with pytest.raises(NotPaid):
        services.release(share_reference=uuid7())


def test_a_refund_that_the_gateway_refuses_is_put_back_and_looked_at() -> None:
    members.staff(Level.FINANCE, handle="fiona")
    made = deal()
    payment = paid(made)
    charge = charge_of(payment.pk)
    BankRefund.objects.create(charge=charge, key=uuid7(), amount_minor=1500)
    refund = _refund(made, payment, 1000)
    run()
    refund.refresh_from_db()
    assert (refund.state, refund.failure) == (Step.FAILED, "charge_not_refundable")
    assert balance(ESCROW, made.sellers[0]) == 1000
    assert Share.objects.get(reference=made.share).held_minor == 1000
    assert "refund_refused" in MoneyAlert.objects.values_list("kind", flat=True)
    assert queries.money_health().is_sound


def test_a_refund_that_somebody_makes_at_the_gateway_is_noticed() -> None:
    members.staff(Level.FINANCE, handle="fiona")
    payment = paid(deal())
    BankRefund.objects.create(charge=charge_of(payment.pk), key=uuid7(), amount_minor=7)
    services.sync(payment.pk)
    assert MoneyAlert.objects.get().kind == "refunded_elsewhere"


def test_a_seller_is_paid_out_once_and_never_more_than_there_is() -> None:
    seller = members.alice()
    made = deal(sellers=[seller.pk, uuid7()])
    paid(made)
    services.release(share_reference=made.share)
    wish = {"seller_id": seller.pk, "currency": "EUR", "idempotency_key": "k"}
    with pytest.raises(NotEnoughMoney):
        services.request_payout(**wish, amount_minor=951)
    assert Payout.objects.count() == 0, "a refused payout leaves nothing behind"
    first = services.request_payout(**wish, amount_minor=950)
    assert services.request_payout(**wish, amount_minor=950) == first
    with pytest.raises(KeyReused):
        services.request_payout(**wish, amount_minor=949)
    run()
    assert BankPayout.objects.get().amount_minor == 950
    assert (balance(SELLER, seller.pk), balance(AccountKind.PAYOUTS), outside()) == (0, 0, 550)
    assert Notification.objects.get(member=seller).kind == Kind.PAID_OUT
    with pytest.raises(NotEnoughMoney):
        _refund(made, Payment.objects.get(), 1000)
    assert queries.money_health().is_sound


class Moody(SandboxGateway):
    """A gateway that does not answer, or refuses, or answers and lets the line break."""

    mood = ""
    calls = 0

    def _feel(self) -> None:
        Moody.calls += 1
        if self.mood == "away":
            raise GatewayAway
        if self.mood == "no":
            raise GatewayRefused("not_today")

    def open(self, charge: gateways.Charge) -> gateways.Opened:
        self._feel()
        opened = super().open(charge)
        if self.mood == "breaks":
            raise GatewayAway
        return opened

    def refund(self, reference: str, amount_minor: int, key: Any) -> gateways.Sent:
        self._feel()
        sent = super().refund(reference, amount_minor, key)
        if self.mood == "breaks":
            raise GatewayAway
        return sent

    def pay_out(self, *arguments: Any, **named: Any) -> gateways.Sent:
        self._feel()
        sent = super().pay_out(*arguments, **named)
        if self.mood == "breaks":
            raise GatewayAway
        return sent


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> type[Moody]:
    monkeypatch.setitem(gateways._makers, "sandbox", Moody)
    monkeypatch.setattr(Moody, "mood", "")
    monkeypatch.setattr(Moody, "calls", 0)
    return Moody


@pytest.mark.parametrize("mood", ["away", "breaks"])
def test_who_gets_no_answer_tries_again_under_the_same_key(moody: type[Moody], mood: str) -> None:
    made = deal()
    moody.mood = mood
    with pytest.raises(GatewayAway):
        made.start()
    moody.mood = ""
    started = made.start()
    assert BankCharge.objects.count() == Payment.objects.count() == 1
    pay(started.payment_id)
    run()
    assert outside() == made.total


def test_a_start_that_nobody_repeats_is_called_off(moody: type[Moody]) -> None:
    made = deal()
    moody.mood = "breaks"
    with pytest.raises(GatewayAway):
        made.start()
    moody.mood = ""
    pass_ms(130_000)
    services.compare_with_gateways()
    run()
    assert queries.state_of(made.reference) is State.CANCELLED
    assert BankCharge.objects.get().progress == "cancelled"


def test_a_gateway_that_says_no_fails_the_payment(moody: type[Moody], heard: list[Event]) -> None:
    made = deal()
    moody.mood = "no"
    with pytest.raises(GatewayRefused):
        made.start()
    run()
    assert [type(each) for each in heard] == [PaymentFailed]
    moody.mood = ""
    assert made.start(idempotency_key="again").payment_id != heard[0].payment_id  # type: ignore[attr-defined]


def test_refunds_and_payouts_are_asked_until_there_is_an_answer_and_done_once(moody: type[Moody]) -> None:
    made = deal(sellers=[members.alice().pk, members.bob().pk])
    payment = paid(made)
    services.release(share_reference=list(made.shares)[1])
    moody.mood = "breaks"
    refund = _refund(made, payment, 1000)
    services.request_payout(seller_id=made.sellers[1], currency="EUR", amount_minor=475, idempotency_key="p")
    run()
    refund.refresh_from_db()
    assert refund.state == Step.ASKED
    assert GatewayTask.objects.filter(attempts=1).count() == 2
    moody.mood = "away"
    pass_ms(5_000)
    run()
    moody.mood = ""
    pass_ms(60_000)
    run()
    refund.refresh_from_db()
    assert refund.state == Payout.objects.get().state == Step.DONE
    assert BankRefund.objects.count() == BankPayout.objects.count() == 1
    assert outside() == made.total - 1000 - 475
    assert queries.money_health().is_sound


def test_who_never_answers_is_parked_with_an_alert_and_asked_again_later(moody: type[Moody]) -> None:
    fiona = members.staff(Level.FINANCE, handle="fiona")
    made = deal()
    payment = paid(made)
    moody.mood = "away"
    refund = _refund(made, payment, 1000)
    for _ in range(25):
        run()
        pass_ms(3_700_000)
    assert GatewayTask.objects.get(kind="refund").parked
    assert queries.money_health().parked == 1
    assert MoneyAlert.objects.get().kind == "refund_unanswered"
    assert Notification.objects.get(member=fiona).kind == Kind.MONEY_ALERT
    moody.mood = ""
    services.compare_with_gateways()
    run()
    refund.refresh_from_db()
    assert refund.state == Step.DONE


def test_without_a_gateway_nobody_pays(settings: Any) -> None:
    settings.PAYMENT_GATEWAY = "none"
    with pytest.raises(PaymentsOff):
        deal().start()
    assert Payment.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_start_inside_a_transaction_is_refused_loudly() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        deal().start()


def test_the_payment_of_another_member_does_not_exist() -> None:
    made = deal()
    started = made.start()
    assert queries.payment_for(made.payer, started.payment_id).pk == started.payment_id
    with pytest.raises(NotFound):
        queries.payment_for(made.sellers[0], started.payment_id)
    assert queries.state_of(uuid7()) is None
