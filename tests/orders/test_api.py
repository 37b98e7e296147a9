"""The whole life of an order over the API, by two programs with tokens, and what they cannot do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.marketplace.models import Variant
from beyou.orders.models import Order
from beyou.payments.models import Payment
from beyou.payments.queries import money_health
from beyou.users.models import User
from beyou.users.scopes import Scope
from tests.factories import members
from tests.orders.world import ADDRESS, begin, buy, offer, pay, trader, use_card
from tests.privacy.world import seal
from tests.reviews.test_proof import checked
from tests.verifier.standalone import installed

pytestmark = pytest.mark.django_db

ALL = (Scope.READ_ORDERS, Scope.WRITE_ORDERS, Scope.READ_MARKET, Scope.WRITE_MARKET)


class Program:
    """A program of a member's, with a personal access token."""

    def __init__(self, person: User, *scopes: Scope) -> None:
        _, text = members.token(person, *(scopes or ALL))
        self._client, self._headers = Client(), members.bearer(text)

    def __call__(self, method: str, path: str, body: Any = None) -> HttpResponse:
        response = self._client.generic(
            method,
            f"/api/v1{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            **self._headers,
        )
        assert response.status_code < 500, response.content
        return response

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        response = self(method, path, body)
        assert response.status_code in (200, 201, 204), (path, response.status_code, response.content)
        return response.json() if response.content else None

    def refused(self, method: str, path: str, body: Any = None) -> str:
        """The code of the refusal."""
        response = self(method, path, body)
        assert 400 <= response.status_code < 500, (path, response.status_code)
        assert response["Content-Type"] == "application/problem+json"
        return str(response.json()["code"])


@pytest.fixture
def folder(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    settings.DATA_DIR = tmp_path
    with installed(monkeypatch):
        yield tmp_path


@pytest.fixture
def alice(db: None) -> User:
    return trader("alice")


@pytest.fixture
def bob(db: None) -> User:
    return trader("bob")


@pytest.fixture
def lamp(alice: User) -> Variant:
    return offer(alice)


def paid(buyer: Program, thing: Variant) -> dict[str, Any]:
    """An order that the program has put together, paid."""
    buyer.ask("PUT", f"/cart/{thing.pk}", {"quantity": 1})
    order: dict[str, Any] = buyer.ask("POST", "/checkout", {"total_minor": 2850})
    body = {"number": order["number"], "total_minor": order["total_minor"], "address": ADDRESS, "ways": {}}
    going = buyer.ask("POST", "/checkout/pay", body)
    assert going["pay_at"].startswith("/")
    assert buyer.ask("POST", "/checkout/pay", body) == going
    use_card(Order.objects.get(number=order["number"]))
    found: dict[str, Any] = buyer.ask("GET", f"/orders/{order['number']}")
    return found


def test_from_the_cart_to_a_receipt_that_holds_without_us(
    alice: User, bob: User, lamp: Variant, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seller, buyer = Program(alice), Program(bob)
    order = paid(buyer, lamp)
    assert (order["state"], order["total_minor"], order["address"]) == ("paid", 2850, ADDRESS)
    (part,) = order["parts"]
    assert buyer.ask("GET", "/cart")["groups"] == []
    assert [each["number"] for each in buyer.ask("GET", "/orders")["items"]] == [order["number"]]

    (sale,) = seller.ask("GET", "/selling/orders")["items"]
    assert (sale["number"], sale["buyer"]["handle"]) == (part["number"], "bob")
    assert seller.ask("GET", f"/selling/orders/{sale['number']}")["address"] == ADDRESS
    seller.ask("POST", f"/selling/orders/{sale['number']}/ship", {"carrier": "Post", "tracking": "3S1"})
    assert buyer.ask("GET", f"/orders/{order['number']}")["parts"][0]["tracking"] == "3S1"
    buyer.ask("POST", f"/orders/parts/{part['number']}/confirm")
    assert seller.ask("GET", f"/selling/orders/{sale['number']}")["address"] == {}

    rating = {"stars": 5, "text": "Well packed."}
    buyer.ask("PUT", f"/orders/parts/{part['number']}/ratings", rating)
    seller.ask("PUT", f"/orders/parts/{part['number']}/ratings", {"stars": 4})
    standing = buyer.ask("GET", "/market/sellers/alice")
    assert standing["as_seller"]["by_stars"] == [0, 0, 0, 0, 1]

    seal(folder)
    for receipt in (
        buyer.ask("GET", f"/orders/{order['number']}/receipt"),
        seller.ask("GET", f"/selling/orders/{sale['number']}/receipt"),
    ):
        status, said = checked(folder, receipt, capsys)
        assert status == 0, said
    assert money_health().is_sound


@pytest.mark.parametrize(
    "quantity", [0, -1, 1000, 10**9, 10**30, "abc", "1", 1.5, True, None, [], {}, float("inf")]
)
def test_a_strange_quantity_changes_nothing(bob: User, lamp: Variant, quantity: Any) -> None:
    buyer = Program(bob)
    buyer.ask("PUT", f"/cart/{lamp.pk}", {"quantity": 1})
    buyer.refused("PUT", f"/cart/{lamp.pk}", {"quantity": quantity})
    (group,) = buyer.ask("GET", "/cart")["groups"]
    assert [line["quantity"] for line in group["lines"]] == [1]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"total_minor": 1}, "total_changed"),
        ({"total_minor": 0}, "total_changed"),
        ({"total_minor": -1}, "invalid"),
        ({"total_minor": "2850"}, "invalid"),
        ({"total_minor": 10**20}, "invalid"),
        ({"number": "AAAA-AAAA-AAAA"}, "not_found"),
        ({"number": "../../etc"}, "invalid"),
        ({"address": {}}, "invalid"),
        ({"address": ADDRESS | {"street": ""}}, "invalid"),
        ({"address": ADDRESS | {"street": "x" * 101}}, "invalid"),
        ({"address": ADDRESS | {"street": "a\0b"}}, "invalid"),
        ({"address": ADDRESS | {"card": "4242"}}, "unknown_field"),
        ({"card_number": "4242424242424242"}, "unknown_field"),
    ],
)
def test_nothing_is_charged_for_what_is_wrong(
    bob: User, lamp: Variant, changed: dict[str, Any], code: str
) -> None:
    buyer = Program(bob)
    order = begin(bob, lamp)
    body = {"number": order.number, "total_minor": 2850, "address": ADDRESS, "ways": {}}
    assert buyer.refused("POST", "/checkout/pay", body | changed) == code
    assert not Payment.objects.exists()
    # It can still be paid, and the things are still held.
    assert buyer.ask("POST", "/checkout/pay", body)["pay_at"]


def test_what_is_anothers_does_not_exist(alice: User, bob: User, lamp: Variant) -> None:
    part = buy(bob, lamp).parts.select_related("order").get()
    stranger = Program(trader("charlie"))
    for method, path, body in (
        ("GET", f"/orders/{part.order.number}", None),
        ("GET", f"/orders/{part.order.number}/receipt", None),
        ("POST", f"/orders/{part.order.number}/cancel", None),
        ("POST", f"/orders/parts/{part.number}/confirm", None),
        ("POST", f"/orders/parts/{part.number}/call-off", None),
        ("GET", f"/selling/orders/{part.number}", None),
        ("GET", f"/selling/orders/{part.number}/receipt", None),
        ("POST", f"/selling/orders/{part.number}/ship", {"carrier": "Post"}),
        ("POST", f"/selling/orders/{part.number}/call-off", {}),
    ):
        assert stranger.refused(method, path, body) == "not_found", path
    # Nor may one side take the step of the other.
    assert (
        Program(bob).refused("POST", f"/selling/orders/{part.number}/ship", {"carrier": "x"}) == "not_found"
    )
    assert Program(alice).refused("POST", f"/orders/parts/{part.number}/confirm") == "not_found"
    part.refresh_from_db()
    assert part.state == "paid"


def test_ones_own_a_foreign_or_a_missing_thing(alice: User, bob: User, lamp: Variant) -> None:
    assert Program(alice).refused("PUT", f"/cart/{lamp.pk}", {"quantity": 1}) == "own_item"
    assert Program(bob).refused("PUT", f"/cart/{uuid7()}", {"quantity": 1}) == "not_for_sale"
    assert Program(bob).refused("POST", "/checkout", {}) == "empty_cart"
    assert Program(bob).refused("GET", "/checkout") == "no_checkout"
    unverified = Program(members.member("dana"))
    assert unverified.refused("PUT", f"/cart/{lamp.pk}", {"quantity": 1}) == "verification_required"


def test_an_expired_hold_keeps_cart_and_words(bob: User, lamp: Variant) -> None:
    buyer = Program(bob)
    order = begin(bob, lamp)
    clock.shift(16 * 60_000)
    body = {"number": order.number, "total_minor": 2850, "address": ADDRESS, "ways": {}}
    assert buyer.refused("POST", "/checkout/pay", body) == "hold_over"
    assert buyer.ask("GET", "/cart")["totals"] == [{"currency": "EUR", "total_minor": 2850}]
    buyer.ask("POST", "/checkout", {})
    assert buyer.ask("POST", "/checkout/pay", body)["pay_at"]


def test_a_second_pay_and_the_way_back_after_success_charge_nothing(bob: User, lamp: Variant) -> None:
    buyer = Program(bob)
    order = begin(bob, lamp)
    pay(order)
    use_card(order)
    body = {"number": order.number, "total_minor": 2850, "address": ADDRESS, "ways": {}}
    again = buyer("POST", "/checkout/pay", body)
    assert again.status_code in (200, 404, 409)
    assert Payment.objects.filter(state="settled").count() == Payment.objects.count() == 1
    assert buyer.refused("POST", f"/orders/{order.number}/cancel") == "order_moved"


def test_lists_are_paged_and_their_places_checked(alice: User, bob: User) -> None:
    for _ in range(3):
        buy(bob, offer(alice))
    buyer = Program(bob)
    first = buyer.ask("GET", "/orders?limit=2")
    rest = buyer.ask("GET", f"/orders?limit=2&cursor={first['next']}")
    numbers = [each["number"] for each in first["items"] + rest["items"]]
    assert len(set(numbers)) == 3
    assert rest["next"] is None
    for wrong in ("limit=0", "limit=101", "limit=x", "cursor=x"):
        assert buyer.refused("GET", f"/orders?{wrong}") == "invalid"


def test_a_token_that_may_only_read_changes_nothing(bob: User, lamp: Variant) -> None:
    reader = Program(bob, Scope.READ_ORDERS)
    reader.ask("GET", "/cart")
    assert reader.refused("PUT", f"/cart/{lamp.pk}", {"quantity": 1}) == "insufficient_scope"
    assert reader.refused("POST", "/checkout", {}) == "insufficient_scope"
