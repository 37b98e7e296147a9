"""Offers, terms and vouchers through the API."""

from typing import Any

import pytest
from django.test import Client

from beyou.offers.models import Offer, Voucher
from beyou.orders.models import Order
from beyou.users.models import User
from tests.factories import members
from tests.offers.world import ask, enter, voucher
from tests.orders.world import begin, offer, trader

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


def call(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = client.generic(
        method, f"/api/v1{path}", "" if body is None else _json(body), content_type="application/json"
    )
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def _json(body: Any) -> str:
    import json

    return json.dumps(body)


def test_two_agree_and_one_buys(alice: User, bob: User) -> None:
    seller, buyer = members.client_of(alice), members.client_of(bob)
    lamp, mug = offer(alice), offer(alice, "Mug", price=1000)
    ask_for = {"variants": [str(lamp.pk), str(mug.pk)], "price_minor": 2500}
    made = call(buyer, "POST", "/offers", ask_for)
    assert (made["state"], made["list_minor"], made["steps"]) == ("open", 3400, ["withdraw"])
    assert call(buyer, "POST", "/offers", ask_for, 409)["offer"] == made["id"]
    (listed,) = call(seller, "GET", "/offers?side=seller")["items"]
    assert (listed["id"], listed["is_my_turn"], listed["with"]["handle"]) == (made["id"], True, "bob")
    path = f"/offers/{made['id']}"
    asked = call(seller, "POST", f"{path}/step", {"step": "counter", "price_minor": 3000})
    assert asked["price_minor"] == 3000
    agreed = call(buyer, "POST", f"{path}/step", {"step": "accept", "price_minor": 3000})
    assert agreed["state"] == "accepted"
    cart = call(buyer, "PUT", f"/cart/offers/{made['id']}")
    (group,) = cart["groups"]
    assert (group["goods_minor"], group["discount_minor"], group["total_minor"]) == (3400, 400, 3450)
    assert group["discounts"][0]["reference"] == made["id"]
    order = call(buyer, "POST", "/checkout", {"total_minor": 3450})
    (part,) = order["parts"]
    assert (part["discount_minor"], part["discounts"][0]["kind"]) == (400, "offer")
    assert [move["what"] for move in call(buyer, "GET", path)["moves"]] == [
        "offered",
        "countered",
        "accepted",
    ]


def test_terms_and_vouchers(alice: User, bob: User) -> None:
    seller, buyer = members.client_of(alice), members.client_of(bob)
    terms = {"takes_offers": True, "least_percent": 80, "bundle_from": 2, "bundle_percent": 10}
    assert call(seller, "PUT", "/market/terms", terms) == call(seller, "GET", "/market/terms") == terms
    lamp = offer(alice)
    assert call(buyer, "GET", f"/market/items/{lamp.item_id}")["terms"] == terms
    made = call(seller, "POST", "/selling/vouchers", {"amount_minor": 300, "uses": 2}, 201)
    assert call(seller, "GET", "/selling/vouchers")["items"] == [made]
    assert call(buyer, "GET", "/selling/vouchers")["items"] == []
    call(buyer, "PUT", f"/cart/{lamp.pk}", {"quantity": 1})
    cart = call(buyer, "POST", "/cart/vouchers", {"code": made["code"]})
    (group,) = cart["groups"]
    assert (group["discount_minor"], group["voucher"]["id"], group["voucher"]["note"]) == (
        300,
        made["id"],
        None,
    )
    call(buyer, "DELETE", f"/cart/vouchers/{made['id']}", status=204)
    call(buyer, "DELETE", f"/selling/vouchers/{made['id']}", status=404)
    call(seller, "DELETE", f"/selling/vouchers/{made['id']}", status=204)
    assert call(buyer, "POST", "/cart/vouchers", {"code": made["code"]}, 422)["code"] == "voucher_unknown"


_OFFERS: list[Any] = [
    {}, {"variants": [], "price_minor": 1}, {"variants": ["x"], "price_minor": 1}, {"variants": None},
    {"variants": ["0" * 32], "price_minor": "20"}, {"variants": ["0" * 32], "price_minor": 10**30},
    {"variants": ["0" * 32] * 51, "price_minor": 20}, {"variants": ["0" * 32], "price_minor": 2, "who": "me"},
    {"variants": ["0" * 32], "price_minor": 1.5}, [],
]  # fmt: skip


@pytest.mark.parametrize("body", _OFFERS)
def test_strange_offers_are_refused(bob: User, body: Any) -> None:
    call(members.client_of(bob), "POST", "/offers", body, 422)
    assert not Offer.objects.exists()


_VOUCHERS: list[Any] = [
    {}, {"percent": "10"}, {"percent": 10, "uses": -1}, {"percent": 10, "uses": 2**53}, {"percent": 10**30},
    {"amount_minor": -5}, {"percent": 10, "amount_minor": 5}, {"percent": 10, "ends": "2020-01-01T00:00:00Z"},
    {"percent": 10, "ends": "soon"}, {"percent": 10, "begins": "2030-01-01T00:00:00"}, {"percent": True},
    {"percent": 10, "code": "SPRING"}, {"percent": 10, "ends": "9999-12-31T23:59:59-14:00"},
    {"percent": 10, "begins": "0001-01-01T00:00:00+14:00"},
]  # fmt: skip


@pytest.mark.parametrize("body", _VOUCHERS)
def test_strange_vouchers_are_refused(alice: User, body: Any) -> None:
    call(members.client_of(alice), "POST", "/selling/vouchers", body, 422)
    assert not Voucher.objects.exists()


def test_strange_steps_and_others_offers_are_refused(alice: User, bob: User) -> None:
    made = ask(bob, offer(alice))
    buyer, stranger = members.client_of(bob), members.client_of(trader("charlie"))
    path = f"/offers/{made.pk}"
    for body in ({}, {"step": "steal"}, {"step": "counter", "price_minor": "x"}, {"step": None}):
        call(buyer, "POST", f"{path}/step", body, 422)
    assert call(buyer, "POST", f"{path}/step", {"step": "accept"}, 409)["code"] == "offer_moved"
    for method, address, body in (
        ("GET", path, None),
        ("POST", f"{path}/step", {"step": "withdraw"}),
        ("PUT", f"/cart/offers/{made.pk}", None),
    ):
        call(stranger, method, address, body, 404)
    assert call(stranger, "GET", "/offers")["items"] == []
    call(buyer, "GET", "/offers?side=both", status=422)
    call(buyer, "GET", "/offers?cursor=x", status=422)


def test_who_lost_the_last_use_is_told(alice: User, bob: User) -> None:
    found, charlie = voucher(alice, percent=10), trader("charlie")
    enter(bob, found)
    buyer = members.client_of(bob)
    call(buyer, "PUT", f"/cart/{offer(alice).pk}", {"quantity": 1})
    enter(charlie, found)
    begin(charlie, offer(alice, "Mug"))
    assert call(buyer, "POST", "/checkout", {"total_minor": 2610}, 409)["code"] == "total_changed"
    assert call(buyer, "GET", "/cart")["groups"][0]["voucher"]["note"] == "This voucher is used up."
    assert not Order.objects.filter(buyer=bob).exists()
