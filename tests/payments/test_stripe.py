"""The Stripe adapter against a real localstripe process; `stripe_world` says what it lacks."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from beyou.core.ids import uuid7
from beyou.payments import gateways, queries, services
from beyou.payments.errors import BadSignature, GatewayAway, GatewayRefused, PayoutsOff
from beyou.payments.gateways.stripe import StripeGateway
from beyou.payments.models import Payment, Refund, WebhookEvent
from beyou.payments.rules import AccountKind, State, Step
from tests.payments import stripe_world
from tests.payments.bank import Deal, balance, deal, pass_ms, run
from tests.payments.stripe_world import ASKS, DECLINED, GOOD, Stripe

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


@pytest.fixture(scope="module")
def _servers() -> Iterator[tuple[Stripe, str]]:
    with stripe_world.running() as servers:
        yield servers


@pytest.fixture
def stripe(_servers: tuple[Stripe, str], settings: Any, monkeypatch: pytest.MonkeyPatch) -> Stripe:
    """Stripe is the gateway of this instance."""
    settings.PAYMENT_GATEWAY, settings.STRIPE_API = "stripe", _servers[1]
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = stripe_world.KEY, stripe_world.SECRET
    monkeypatch.setitem(gateways._makers, "stripe", StripeGateway)
    _servers[0].heard.clear()
    return _servers[0]


def _session(started: services.Started) -> str:
    return str(Payment.objects.get(pk=started.payment_id).gateway_reference)


def _look(made: Deal, started: services.Started) -> State | None:
    services.look_again(payment_id=started.payment_id)
    return queries.state_of(made.reference)


def _notice(stripe: Stripe, kind: str, started: services.Started) -> tuple[bytes, dict[str, str]]:
    """That of this payment: those of earlier tests come a second late."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for body, headers in stripe.heard:
            if f'"type": "{kind}"'.encode() in body and str(started.payment_id).encode() in body:
                return body, headers
        time.sleep(0.05)
    pytest.fail(f"localstripe sent no {kind}")


def test_a_good_card_settles_by_the_signed_notice_of_stripe(stripe: Stripe) -> None:
    made = deal()
    started = made.start()
    assert started.redirect_url == f"/pay/{started.payment_id}/go"
    assert Payment.objects.get().hosted_url.startswith("https://checkout.stripe.example/")
    stripe.pay(_session(started), GOOD)
    body, headers = _notice(stripe, "payment_intent.succeeded", started)
    for altered, header in ((body + b" ", headers), (body, {}), (body, {"Stripe-Signature": "t=1,v1=0"})):
        with pytest.raises(BadSignature):
            services.receive_webhook(gateway="stripe", body=altered, headers=header)
    assert [services.receive_webhook(gateway="stripe", body=body, headers=headers) for _ in range(2)] == [
        True,
        False,
    ]
    assert WebhookEvent.objects.count() == 1
    run()
    assert queries.state_of(made.reference) is State.SETTLED
    assert balance(AccountKind.GATEWAY, "stripe") == -made.total
    assert queries.money_health().is_sound


def test_a_declined_card_charges_nothing_and_another_may_be_tried(stripe: Stripe) -> None:
    made = deal()
    started = made.start()
    assert stripe.pay(_session(started), DECLINED)["error"]["code"] == "card_declined"
    assert _look(made, started) is State.REQUIRES_ACTION
    services.cancel_payment(payment_id=started.payment_id)
    run()
    assert queries.state_of(made.reference) is State.CANCELLED
    again = made.start(idempotency_key="again")
    stripe.pay(_session(again), GOOD)
    assert _look(made, again) is State.SETTLED


@pytest.mark.parametrize("is_granted", [True, False])
def test_a_bank_may_ask_whether_it_is_you(stripe: Stripe, is_granted: bool) -> None:  # noqa: FBT001
    made = deal()
    started = made.start()
    assert stripe.pay(_session(started), ASKS)["status"] == "requires_action"
    assert _look(made, started) is State.REQUIRES_ACTION
    stripe.confirm(_session(started), is_granted=is_granted)
    assert _look(made, started) is (State.SETTLED if is_granted else State.REQUIRES_ACTION)


def test_who_paid_before_the_cancel_has_paid(stripe: Stripe) -> None:
    made = deal()
    started = made.start()
    stripe.pay(_session(started), GOOD)
    services.cancel_payment(payment_id=started.payment_id)
    run()
    assert queries.state_of(made.reference) is State.SETTLED


def test_an_answer_that_is_lost_makes_neither_two_charges_nor_two_refunds(stripe: Stripe) -> None:
    made, before = deal(), len(stripe.sessions)
    # The library itself asks once more before it gives up.
    stripe.losses = 2
    with pytest.raises(GatewayAway):
        made.start()
    started = made.start()
    assert len(stripe.sessions) == before + 1
    stripe.pay(_session(started), GOOD)
    assert _look(made, started) is State.SETTLED
    services.refund(payment_id=started.payment_id, share_reference=made.share, amount_minor=400,
                    reason="test", idempotency_key="r")  # fmt: skip
    stripe.losses = 2
    run()
    assert Refund.objects.get().state == Step.ASKED
    pass_ms(10_000)
    run()
    assert Refund.objects.get().state == Step.DONE
    assert stripe.intent(_session(started))["latest_charge"]["amount_refunded"] == 400
    assert balance(AccountKind.GATEWAY, "stripe") == 400 - made.total
    assert _look(made, started) is State.SETTLED
    assert queries.money_health().is_sound


def test_what_stripe_refuses_is_a_refusal_and_a_wrong_key_is_not(stripe: Stripe, settings: Any) -> None:
    gateway = StripeGateway()
    for ask in (gateway.look, gateway.cancel, lambda reference: gateway.refund(reference, 1, uuid7())):
        with pytest.raises(GatewayRefused):
            ask("cs_test_nobody")
    settings.STRIPE_SECRET_KEY = "no key at all"
    with pytest.raises(GatewayAway):
        deal().start()


def test_nothing_is_paid_out_by_stripe(stripe: Stripe) -> None:
    assert not StripeGateway.can_pay_out
    with pytest.raises(PayoutsOff):
        services.request_payout(seller_id=uuid7(), currency="EUR", amount_minor=1, idempotency_key="p")
