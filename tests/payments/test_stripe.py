"""The Stripe adapter against a real localstripe process; `stripe_world` says what it lacks."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client

from beyou.core.ids import uuid7
from beyou.payments import gateways, queries, services
from beyou.payments.errors import BadSignature, GatewayAway, GatewayRefused, PayoutsOff
from beyou.payments.gateways.stripe import StripeGateway
from beyou.payments.models import MoneyAlert, Payment, Payout, PayoutAccount, Refund, WebhookEvent
from beyou.payments.rules import AccountKind, State, Step
from beyou.users.models import User
from beyou.users.scopes import Scope
from tests.factories import members
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
    _servers[0].losses, _servers[0].lossy = 0, ""
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


def test_without_connect_nothing_is_paid_out_by_stripe(stripe: Stripe) -> None:
    with pytest.raises(PayoutsOff):
        services.request_payout(seller_id=uuid7(), currency="EUR", amount_minor=1, idempotency_key="p")
    with pytest.raises(PayoutsOff):
        services.open_account(seller_id=uuid7())


@dataclass
class Shop:
    """A seller with 9.50 at hand, and their browser."""

    seller: User
    client: Client

    @property
    def account(self) -> str:
        return PayoutAccount.objects.get(seller_id=self.seller.pk).reference

    def page(self) -> str:
        return self.client.get("/selling/money").content.decode()

    def set_up(self, stripe: Stripe, *, is_active: bool = True) -> None:
        self.client.post("/selling/money/account")
        stripe.onboard(self.account, is_active=is_active)
        self.client.get("/selling/money/account/back")

    def ask(self, amount: str = "9.50") -> HttpResponse:
        form = {"id": str(uuid7()), "currency": "EUR", "amount": amount}
        return cast(HttpResponse, self.client.post("/selling/money/payouts", form))


@pytest.fixture
def shop(stripe: Stripe, settings: Any) -> Shop:
    settings.STRIPE_CONNECT = True
    stripe.available = 10**9
    alice = members.alice()
    made = deal(sellers=[alice.pk, uuid7()])
    started = made.start()
    stripe.pay(_session(started), GOOD)
    assert _look(made, started) is State.SETTLED
    services.release(share_reference=made.share)
    return Shop(alice, members.client_of(alice))


def test_a_seller_says_at_stripe_where_their_money_goes_and_is_paid(stripe: Stripe, shop: Shop) -> None:
    assert "Set up payouts" in shop.page()
    assert 'name="amount"' not in shop.page()
    leads = shop.client.post("/selling/money/account")
    assert "https://connect.stripe.example/account_link/" in leads.content.decode()
    assert leads.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert "no-store" in leads.headers["Cache-Control"]
    asked = stripe.accounts[shop.account]["form"]
    assert asked["controller[stripe_dashboard][type]"] == "express"
    assert asked["capabilities[transfers][requested]"] in ("true", "True")
    assert asked["metadata[seller]"] == str(shop.seller.pk)
    assert str(shop.seller.email) not in str(asked)
    # Back before everything is told, and again while Stripe checks.
    shop.client.get("/selling/money/account/back")
    assert "Not ready" in shop.page()
    stripe.onboard(shop.account, is_active=False)
    shop.client.get("/selling/money/account/back")
    assert "Go on at Stripe" in shop.page()
    refused = shop.ask()
    assert refused.status_code == 422
    assert "Say first where your money goes" in refused.content.decode()
    assert not Payout.objects.exists()
    stripe.onboard(shop.account)
    # Nobody need come back by the way out: whoever asks for money is looked at.
    assert shop.ask().status_code == 302
    run()
    assert Payout.objects.get().state == Step.DONE
    sent = stripe.transfers[-1]
    assert (sent["amount"], sent["currency"], sent["destination"]) == (950, "eur", shop.account)
    assert balance(AccountKind.SELLER, shop.seller.pk) == 0
    assert queries.money_health().is_sound
    leads = shop.client.post("/selling/money/account")
    assert "https://connect.stripe.example/login_link/" in leads.content.decode()
    assert PayoutAccount.objects.count() == 1


def test_a_payout_whose_answer_is_lost_is_sent_once(stripe: Stripe, shop: Shop) -> None:
    shop.set_up(stripe)
    before = len(stripe.transfers)
    # The library's own two tries.
    stripe.losses, stripe.lossy = 2, "POST /v1/transfers"
    shop.ask()
    run()
    assert Payout.objects.get().state == Step.ASKED
    assert len(stripe.transfers) == before + 1
    # Days later Stripe has forgotten the key, but not the transfer.
    stripe.answers.clear()
    pass_ms(3 * 86_400_000)
    run()
    assert Payout.objects.get().state == Step.DONE
    assert len(stripe.transfers) == before + 1
    assert queries.money_health().is_sound


def test_a_payout_waits_for_money_that_is_not_there_yet(stripe: Stripe, shop: Shop) -> None:
    shop.set_up(stripe)
    stripe.available = 949
    shop.ask()
    run()
    assert Payout.objects.get().state == Step.ASKED
    assert not MoneyAlert.objects.exists()
    for _ in range(6):
        pass_ms(86_400_000)
        run()
    assert MoneyAlert.objects.get().kind == "payout_waits"
    stripe.available = 950
    pass_ms(86_400_000)
    run()
    assert Payout.objects.get().state == Step.DONE
    assert queries.money_health().is_sound


def test_an_account_that_stripe_closed_gives_the_money_back_and_is_asked_again(
    stripe: Stripe, shop: Shop
) -> None:
    shop.set_up(stripe)
    stripe.onboard(shop.account, is_active=False)
    shop.ask("1")
    run()
    failed = Payout.objects.get()
    assert (failed.state, failed.failure) == (Step.FAILED, "insufficient_capabilities_for_transfer")
    assert balance(AccountKind.SELLER, shop.seller.pk) == 950
    assert shop.ask("1").status_code == 422
    assert "Not ready" in shop.page()
    assert queries.money_health().is_sound


def test_of_two_who_set_up_at_once_there_is_one_account(stripe: Stripe, shop: Shop) -> None:
    before = len(stripe.accounts)
    for _ in range(2):
        services.open_account(seller_id=shop.seller.pk)
        PayoutAccount.objects.all().delete()
    assert len(stripe.accounts) == before + 1


def test_stripe_away_is_said_and_no_account_is_lost(stripe: Stripe, shop: Shop) -> None:
    stripe.losses = 2
    answer = shop.client.post("/selling/money/account")
    assert answer.status_code == 503
    assert "charged" not in answer.content.decode()
    shop.set_up(stripe)
    assert "Ready</span>" in shop.page()


def test_the_api_says_the_way_out_and_leads_there_only_in_person(stripe: Stripe, shop: Shop) -> None:
    assert shop.client.get("/api/v1/money").json()["way_out"] == "untold"
    answer = shop.client.post("/api/v1/payouts/account")
    assert answer.status_code == 201
    assert answer.json()["address"].startswith("https://connect.stripe.example/")
    assert shop.client.get("/api/v1/money").json()["way_out"] == "asked"
    _, token = members.token(shop.seller, Scope.READ_MONEY)
    assert Client().post("/api/v1/payouts/account", **members.bearer(token)).status_code == 403
