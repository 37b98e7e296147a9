"""A seller's money as page, file and API: what it says is what the books say, and nobody else reads it."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.core.ids import uuid7
from beyou.payments import queries, services
from beyou.payments.models import Payment, Payout
from beyou.payments.rules import AccountKind
from beyou.users.models import User
from beyou.users.scopes import Scope
from tests.factories import members
from tests.payments.bank import balance, deal, paid, run

pytestmark = pytest.mark.django_db

PAGE, PAYOUTS, STATEMENT = "/selling/money", "/selling/money/payouts", "/selling/money/statement.csv"


def _sold(seller: User, *, released: bool = True) -> Payment:
    """The seller sold for 10.00, of which 0.50 is the fee."""
    made = deal(sellers=[seller.pk, uuid7()])
    payment = paid(made)
    if released:
        services.release(share_reference=made.share)
    return payment


def _form(amount: str, **changed: str) -> dict[str, str]:
    return {"id": str(uuid7()), "currency": "EUR", "amount": amount} | changed


def test_the_page_shows_what_is_at_hand_held_and_sent() -> None:
    alice = members.alice()
    _sold(alice)
    _sold(alice, released=False)
    client = members.client_of(alice)
    page = client.get(PAGE).content.decode()
    assert "€9.50" in page
    assert "€10.00" in page
    answer = client.post(PAYOUTS, _form("4,50"))
    assert answer.headers["Location"] == PAGE
    page = client.get(PAGE).content.decode()
    assert "On its way</span>" in page
    assert "€4.50" in page
    run()
    page = client.get(PAGE).content.decode()
    assert "Sent</span>" in page
    assert "€5.00" in page


def test_who_never_sold_sees_an_empty_page() -> None:
    page = members.client_of(members.alice()).get(PAGE).content.decode()
    assert "€0.00" in page
    assert "Nothing is held." in page
    assert "Pay out" not in page


@pytest.mark.parametrize(
    "sent",
    [
        {"amount": "9.51"},
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "NaN"},
        {"amount": "1e3"},
        {"amount": ""},
        {"amount": "1" * 30},
        {"amount": "9.505"},
        {"amount": "9\x00"},
        {"currency": "USD"},
        {"currency": "eur"},
        {"currency": ""},
        {"id": ""},
        {"id": "no"},
    ],
)
def test_what_is_no_payout_is_said_on_the_page_and_moves_nothing(sent: dict[str, str]) -> None:
    alice = members.alice()
    _sold(alice)
    answer = members.client_of(alice).post(PAYOUTS, _form("1.00") | sent)
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    assert Payout.objects.count() == 0
    assert balance(AccountKind.SELLER, alice.pk) == 950


def test_a_form_that_is_sent_twice_is_one_payout() -> None:
    alice = members.alice()
    _sold(alice)
    client, form = members.client_of(alice), _form("4.50")
    assert [client.post(PAYOUTS, form).status_code for _ in range(2)] == [302, 302]
    assert Payout.objects.count() == 1
    assert client.post(PAYOUTS, form | {"amount": "4.00"}).status_code == 422


def test_the_key_of_one_seller_is_not_that_of_another() -> None:
    alice, bob = members.alice(), members.bob()
    for seller in (alice, bob):
        _sold(seller)
    form = _form("4.50")
    for seller in (alice, bob):
        members.client_of(seller).post(PAYOUTS, form)
    assert sorted(Payout.objects.values_list("seller_id", flat=True)) == sorted([alice.pk, bob.pk])


def test_a_payout_needs_a_fresh_proof() -> None:
    alice = members.alice()
    _sold(alice)
    stale = members.client_of(alice, is_fresh=False)
    asked = stale.post(PAYOUTS, _form("1.00"))
    assert asked.status_code == 403
    assert 'value="1.00"' in asked.content.decode(), "what was typed travels along"
    answer = stale.post("/api/v1/payouts", {"id": str(uuid7()), "amount_minor": 100, "currency": "EUR"},
                        content_type="application/json")  # fmt: skip
    assert answer.status_code in (401, 403)
    assert Payout.objects.count() == 0


def _lines(client: Client) -> list[list[str]]:
    answer = client.get(STATEMENT)
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")))


def test_the_statement_ends_with_the_balance() -> None:
    alice = members.alice()
    payment = _sold(alice)
    services.request_payout(seller_id=alice.pk, currency="EUR", amount_minor=450, idempotency_key="a")
    share = payment.shares.get(seller_id=alice.pk)
    services.refund(payment_id=payment.pk, share_reference=share.reference, amount_minor=100,
                    reason="broken", idempotency_key="r")  # fmt: skip
    run()
    header, *rows = _lines(members.client_of(alice))
    assert header[:5] == ["Time (UTC)", "What", "Currency", "Amount", "Balance"]
    assert [row[1:5] for row in rows] == [
        ["Sale", "EUR", "9.50", "9.50"],
        ["Payout", "EUR", "-4.50", "5.00"],
        ["Refund to the buyer", "EUR", "-0.95", "4.05"],
    ]
    assert balance(AccountKind.SELLER, alice.pk) == 405
    assert _lines(members.client_of(members.bob()))[1:] == []


def test_nobody_reads_the_money_of_another() -> None:
    alice, bob = members.alice(), members.bob()
    _sold(alice)
    page = members.client_of(bob).get(PAGE).content.decode()
    assert "€9.50" not in page
    assert members.client_of(bob).get("/api/v1/money").json()["balances"][0]["available_minor"] == 0


def test_the_page_takes_the_same_statements_for_two_and_for_twenty() -> None:
    alice = members.alice()
    client = members.client_of(alice)
    counts = []
    for more in (2, 18):
        for _ in range(more):
            _sold(alice, released=False)
            _sold(alice)
            services.request_payout(
                seller_id=alice.pk, currency="EUR", amount_minor=1, idempotency_key=str(uuid7())
            ) if more == 2 else None
        client.get(PAGE)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get(PAGE)
        counts.append(len(caught))
    assert counts[0] == counts[1]


def _api(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    if body is None:
        return client.get(f"/api/v1/{path}", **headers)
    return client.post(f"/api/v1/{path}", body, content_type="application/json", **headers)


def test_the_api_says_the_same_and_pays_out_once() -> None:
    alice = members.alice()
    _sold(alice)
    _sold(alice, released=False)
    client = members.client_of(alice)
    answer = _api(client, "money").json()
    assert answer["balances"] == [
        {
            "currency": "EUR",
            "available_minor": 950,
            "owed_minor": 0,
            "held_minor": 1000,
            "on_its_way_minor": 0,
        }
    ]
    assert [held["amount_minor"] for held in answer["held"]] == [1000]
    wish = {"id": str(uuid7()), "amount_minor": 450, "currency": "EUR"}
    first = _api(client, "payouts", wish)
    assert first.status_code == 201
    assert _api(client, "payouts", wish).json() == first.json()
    for number in range(2):
        _api(client, "payouts", wish | {"id": str(uuid7()), "amount_minor": 10 + number})
    page = _api(client, "payouts?limit=2").json()
    assert [item["amount_minor"] for item in page["items"]] == [11, 10]
    rest = _api(client, f"payouts?limit=2&cursor={page['next']}").json()
    assert ([item["amount_minor"] for item in rest["items"]], rest["next"]) == ([450], None)


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"amount_minor": 951}, 409, "not_enough_money"),
        ({"amount_minor": 0}, 422, "invalid"),
        ({"amount_minor": -1}, 422, "invalid"),
        ({"amount_minor": 1.5}, 422, "invalid"),
        ({"amount_minor": "100"}, 422, "invalid"),
        ({"amount_minor": 10**13}, 422, "invalid"),
        ({"amount_minor": True}, 422, "invalid"),
        ({"currency": "euro"}, 422, "invalid"),
        ({"currency": "USD"}, 409, "not_enough_money"),
        ({"id": "x"}, 422, "invalid"),
        ({"seller_id": "x"}, 422, "unknown_field"),
    ],
)
def test_what_the_api_refuses(changed: dict[str, Any], status: int, code: str) -> None:
    alice = members.alice()
    _sold(alice)
    wish = {"id": str(uuid7()), "amount_minor": 450, "currency": "EUR"} | changed
    answer = _api(members.client_of(alice), "payouts", wish)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert balance(AccountKind.SELLER, alice.pk) == 950


def test_a_token_reads_money_with_its_scope_and_moves_none() -> None:
    alice = members.alice()
    _sold(alice)
    reading = members.bearer(members.token(alice, Scope.READ_MONEY)[1])
    other = members.bearer(members.token(alice, Scope.READ_PROFILE)[1])
    assert _api(Client(), "money", **reading).status_code == 200
    assert _api(Client(), "money", **other).status_code == 403
    wish = {"id": str(uuid7()), "amount_minor": 450, "currency": "EUR"}
    every = members.bearer(members.token(alice)[1])
    assert _api(Client(), "payouts", wish, **every).status_code == 403
    assert Payout.objects.count() == 0


def test_the_api_follows_a_payment() -> None:
    alice = members.alice()
    made = deal(payer=alice.pk)
    started = made.start()
    client = members.client_of(alice)
    answer = _api(client, f"payments/{started.payment_id}").json()
    assert (answer["state"], answer["amount_minor"]) == ("requires_action", 1500)
    assert answer["pay_at"] == f"/pay/{started.payment_id}/go"
    assert client.get(answer["pay_at"]).status_code in (200, 302)
    assert _api(members.client_of(members.bob()), f"payments/{started.payment_id}").status_code == 404


def test_the_commission_is_the_instances(settings: Any) -> None:
    settings.MARKET_COMMISSION = 1250
    assert (queries.fee_for(1000), queries.fee_for(7)) == (125, 0)


def test_where_money_is_sent_by_hand_there_is_no_payout(settings: Any) -> None:
    alice = members.alice()
    _sold(alice)
    settings.PAYMENT_GATEWAY = "none"
    answer = _api(
        members.client_of(alice), "payouts", {"id": str(uuid7()), "amount_minor": 1, "currency": "EUR"}
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "payments_off")
