"""The pages of offers, terms and vouchers, without scripts and as htmx asks for their parts."""

import re
from typing import Any

import pytest
from django.test import Client

from beyou.marketplace.models import SellerTerms
from beyou.marketplace.queries import terms_of
from beyou.marketplace.rules import Terms
from beyou.marketplace.services import set_terms
from beyou.offers import queries
from beyou.offers.models import Offer, Voucher
from beyou.offers.rules import Step
from beyou.orders.models import CartLine, Order
from beyou.users.models import User
from tests.factories import members
from tests.offers.world import agree, ask, bundles, enter, later, say, state_of, voucher
from tests.orders.world import begin, offer, trader

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def seller(alice: User) -> Client:
    return members.client_of(alice)


@pytest.fixture
def browser(bob: User) -> Client:
    return members.client_of(bob)


def body(page: Any) -> str:
    return page.content.decode()  # type: ignore[no-any-return]


def test_two_agree_and_one_buys_without_scripts(
    alice: User, bob: User, seller: Client, browser: Client
) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug", price=1000)
    item = body(browser.get(f"/market/i/{lamp.item_id}", follow=True))
    (link,) = re.findall(r'href="(/offers/new\?item=[^"]+)"', item)
    page = body(browser.get(link))
    assert f'value="{lamp.pk}" checked' in page
    assert f'value="{mug.pk}"' in page
    sent = browser.post("/offers/new", {"variant": [str(lamp.pk), str(mug.pk)], "price": "30,00"})
    made = Offer.objects.get()
    assert (sent["Location"], made.price_minor) == (f"/offers/{made.pk}", 3000)
    assert "Your turn" in body(seller.get("/offers?side=received"))
    assert "Waits for an answer" in body(browser.get("/offers"))
    shown = body(seller.get(sent["Location"]))
    assert "Yes, for €30.00" in shown
    step = f"{sent['Location']}/step"
    assert seller.post(step, {"step": "counter", "price": "31.50"})["Location"] == sent["Location"]
    assert "asks for" in body(browser.get(sent["Location"]))
    old = browser.post(step, {"step": "accept", "seen": "3000"})
    assert old.status_code == 409
    browser.post(step, {"step": "accept", "seen": "3150"})
    assert "It is kept for you until" in body(browser.get(sent["Location"]))
    assert "you cannot change or end it" in body(seller.get(sent["Location"]))
    assert "Held for you" in body(browser.get(f"/market/i/{lamp.item_id}", follow=True))
    assert browser.post(f"/cart/offers/{made.pk}")["Location"] == "/cart"
    cart = body(browser.get("/cart"))
    assert "Agreed price" in cart
    assert "−€2.50" in cart
    total = re.findall(r'name="total" value="(\d+)"', cart)[0]
    assert total == str(3150 + 450)
    assert browser.post("/checkout/start", {"currency": "EUR", "total": total})["Location"] == "/checkout"
    assert "−€2.50" in body(browser.get("/checkout"))
    assert Order.objects.get().total_minor == 3600


@pytest.mark.parametrize(
    "price", ["", "abc", "0", "-1", "1e3", "NaN", "24.00", "999999999999", "\0", "1.234", "5"]
)
def test_a_strange_price_comes_back_with_what_was_chosen(
    alice: User, bob: User, browser: Client, price: str
) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug")
    answer = browser.post("/offers/new", {"variant": str(lamp.pk), "price": price})
    assert answer.status_code == 422
    assert "There is a problem" in body(answer)
    assert f'value="{lamp.pk}" checked' in body(answer)
    assert f'value="{mug.pk}" checked' not in body(answer)
    assert not Offer.objects.exists()
    made = ask(bob, lamp)
    assert members.client_of(alice).post(
        f"/offers/{made.pk}/step", {"step": "counter", "price": price}
    ).status_code == (302 if price == "5" else 422)


def test_strange_things_are_no_error_of_the_server(alice: User, bob: User, browser: Client) -> None:
    lamp = offer(alice)
    assert browser.post("/offers/new", {"price": "20"}).status_code == 422
    assert browser.post("/offers/new", {"first": "x", "price": "20"}).status_code == 404
    assert browser.get("/offers/new")["Location"] == "/market"
    nothing = browser.post("/offers/new", {"first": str(lamp.pk), "price": "20"})
    assert nothing.status_code == 422
    assert "Choose at least one thing" in body(nothing)
    for variants in (["abc"], ["\0"], [str(lamp.pk)] * 500 + ["x"], ["0" * 40000]):
        assert browser.post("/offers/new", {"variant": variants, "price": "x"}).status_code in (404, 422)
    for query in ("?item=abc", "?variant=\0", f"?item={lamp.pk}", "?item=" + "9" * 3000):
        assert browser.get(f"/offers/new{query}").status_code == 404
    assert browser.get(f"/offers/new?variant={lamp.pk}").status_code == 200
    assert browser.get("/offers?before=abc").status_code == 422
    made = ask(bob, lamp)
    for step in ("", "abc", "\0", "accept" * 1000):
        assert browser.post(f"/offers/{made.pk}/step", {"step": step}).status_code == 422
    assert browser.post(f"/offers/{made.pk}/step", {"step": "accept", "seen": "x"}).status_code == 422
    own = members.client_of(alice).get(f"/offers/new?item={lamp.item_id}")
    assert own.status_code == 404


def test_a_double_submit_leads_to_the_one_offer(alice: User, bob: User, browser: Client) -> None:
    form = {"variant": str(offer(alice).pk), "price": "20"}
    first, second = (browser.post("/offers/new", form)["Location"] for _ in range(2))
    assert first == second
    assert Offer.objects.count() == 1


def test_a_third_and_an_unverified_member_get_nowhere(alice: User, bob: User) -> None:
    made = agree(alice, bob, offer(alice))
    stranger, dana = members.client_of(trader("charlie")), members.client_of(members.dana())
    for path in (f"/offers/{made.pk}", f"/offers/{made.pk}/step", f"/cart/offers/{made.pk}"):
        assert stranger.post(path, {"step": "withdraw"}).status_code in (404, 405)
    assert stranger.get(f"/offers/{made.pk}").status_code == 404
    assert members.client_of(alice).post(f"/cart/offers/{made.pk}").status_code == 404
    assert dana.get("/offers/new").status_code == 403
    assert dana.get("/selling/vouchers").status_code == 403
    assert dana.get("/offers").status_code == 200
    assert not CartLine.objects.exists()


def test_open_pages_ask_for_their_part(alice: User, bob: User, browser: Client) -> None:
    made = ask(bob, offer(alice))
    for path in (f"/offers/{made.pk}", "/offers?side=made"):
        page, part = browser.get(path), browser.get(path, headers={"HX-Request": "true"})
        assert "by:offer from:body" in body(page)
        assert "<html" not in body(part)
        assert "Brass lamp" in body(part)


def test_an_agreement_that_is_over_says_so(alice: User, bob: User, browser: Client) -> None:
    made = agree(alice, bob, offer(alice))
    later(hours=24, seconds=1)
    assert "The time was up" in body(browser.get(f"/offers/{made.pk}"))
    refused = browser.post(f"/cart/offers/{made.pk}")
    assert refused.status_code == 409
    assert "The seller has not said yes" in body(refused)


def test_terms_are_set_and_shown(alice: User, bob: User, seller: Client, browser: Client) -> None:
    assert 'name="takes_offers" checked' in body(seller.get("/selling/terms"))
    good = {"takes_offers": "on", "least_percent": "70", "bundle_from": "2", "bundle_percent": "15"}
    assert seller.post("/selling/terms", good).status_code == 302
    assert terms_of([alice.pk])[alice.pk] == Terms(True, 70, 2, 15)
    lamp = offer(alice)
    page = body(browser.get(f"/market/i/{lamp.item_id}", follow=True))
    assert "15 % off from 2 things of Alice Ash" in page
    for bad in (
        {"least_percent": "0"}, {"least_percent": "abc"}, {"bundle_from": "1"}, {"bundle_percent": "91"},
        {"bundle_from": str(10**9)}, {"bundle_percent": "-1"}, {"least_percent": "\0"},
        {"bundle_percent": ""},
    ):  # fmt: skip
        answer = seller.post("/selling/terms", good | bad)
        assert answer.status_code == 422, bad
        assert "There is a problem" in body(answer)
    assert SellerTerms.objects.get().least_percent == 70
    assert seller.post("/selling/terms", {}).status_code == 302
    assert not terms_of([alice.pk])[alice.pk].takes_offers
    assert "Make an offer" not in body(browser.get(f"/market/i/{lamp.item_id}", follow=True))
    refused = browser.post("/offers/new", {"variant": str(lamp.pk), "price": "20"})
    assert refused.status_code == 403


def test_a_seller_makes_shows_and_ends_a_voucher(
    alice: User, bob: User, seller: Client, browser: Client
) -> None:
    assert "None yet" in body(seller.get("/selling/vouchers"))
    assert (
        seller.post("/selling/vouchers", {"percent": "10", "uses": "3", "minimum": "20"}).status_code == 302
    )
    made = Voucher.objects.get()
    code = queries.code_of(made)
    assert (made.percent, made.minimum_minor, made.uses) == (10, 2000, 3)
    page = body(seller.get("/selling/vouchers"))
    assert code in page
    assert "10 % off from €20" in page
    assert code not in body(browser.get("/selling/vouchers"))
    assert browser.post(f"/selling/vouchers/{made.pk}/end").status_code == 404
    enter(bob, made)
    begin(bob, offer(alice))
    assert "used 1 of 3" in body(seller.get("/selling/vouchers"))
    assert seller.post(f"/selling/vouchers/{made.pk}/end").status_code == 302
    assert "This voucher is over" in body(seller.get("/selling/vouchers"))


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"percent": "10", "amount": "5"}, {"percent": "abc"}, {"amount": "-5"}, {"amount": "NaN"},
        {"percent": "10", "uses": "0"}, {"percent": "10", "uses": "x"},
        {"percent": "10", "ends": "2020-01-01"}, {"percent": "10", "ends": "9999-12-31"},
        {"percent": "10", "begins": "soon"}, {"percent": "10", "minimum": "1e9"}, {"amount": "9" * 30},
        {"percent": "10", "begins": "9999-12-31", "ends": "9999-12-30"}, {"percent": "10", "uses": ""},
        {"percent": "\0"}, {"percent": "10", "ends": "0001-01-01"},
    ],
)  # fmt: skip
def test_a_strange_voucher_comes_back_with_what_was_typed(seller: Client, fields: dict[str, str]) -> None:
    answer = seller.post("/selling/vouchers", {"uses": "1"} | fields)
    assert answer.status_code == 422
    assert "There is a problem" in body(answer)
    assert not Voucher.objects.exists()


def test_a_code_is_entered_in_the_cart(alice: User, bob: User, browser: Client) -> None:
    lamp, found = offer(alice), voucher(alice, percent=10)
    browser.post("/cart/add", {"variant": str(lamp.pk), "quantity": "1"})
    for headers in ({}, {"HX-Request": "true"}):
        wrong = browser.post("/cart/voucher", {"code": "ABCD<b>"}, headers=headers)
        assert wrong.status_code == 422
        assert "Nobody gave out this code" in body(wrong)
        assert 'value="ABCD&lt;b&gt;"' in body(wrong)
    assert browser.post("/cart/voucher", {"code": ""}).status_code == 422
    assert browser.post("/cart/voucher", {"code": "\0" * 99}).status_code == 422
    part = browser.post("/cart/voucher", {"code": queries.code_of(found)}, headers={"HX-Request": "true"})
    assert "−€2.40" in body(part)
    assert "€26.10" in body(part)
    assert browser.post(f"/cart/vouchers/{found.pk}/remove")["Location"] == "/cart"
    assert "−€2.40" not in body(browser.get("/cart"))


def test_who_lost_the_last_use_is_told_in_the_cart(alice: User, bob: User, browser: Client) -> None:
    found, charlie = voucher(alice, percent=10), trader("charlie")
    browser.post("/cart/add", {"variant": str(offer(alice).pk), "quantity": "1"})
    enter(bob, found)
    seen = re.findall(r'name="total" value="(\d+)"', body(browser.get("/cart")))[0]
    enter(charlie, found)
    begin(charlie, offer(alice, "Mug"))
    lost = browser.post("/checkout/start", {"currency": "EUR", "total": seen})
    assert lost.status_code == 409
    assert "This voucher is used up" in body(lost)
    assert not Order.objects.filter(buyer=bob).exists()


def test_a_bundle_is_named_in_the_cart_before_it_counts(alice: User, bob: User, browser: Client) -> None:
    bundles(alice, 2, 10)
    browser.post("/cart/add", {"variant": str(offer(alice).pk), "quantity": "1"})
    assert "10 % off from 2 things of Alice Ash" in body(browser.get("/cart"))
    browser.post("/cart/add", {"variant": str(offer(alice, "Mug").pk), "quantity": "1"})
    assert "2 things together, 10 %" in body(browser.get("/cart"))


def test_a_decline_and_a_withdrawal_end_it(alice: User, bob: User, seller: Client, browser: Client) -> None:
    first, second = ask(bob, offer(alice)), ask(bob, offer(alice, "Mug"))
    seller.post(f"/offers/{first.pk}/step", {"step": "decline"})
    browser.post(f"/offers/{second.pk}/step", {"step": "withdraw"})
    assert (state_of(first), state_of(second)) == ("declined", "withdrawn")
    assert seller.post(f"/offers/{second.pk}/step", {"step": "accept"}).status_code == 409
    set_terms(seller_id=alice.pk, terms=Terms(takes_offers=False))
    say(alice, ask_again(bob, alice), Step.DECLINE)


def ask_again(buyer: User, seller: User) -> Offer:
    """What was offered before the seller stopped listening can still be answered."""
    set_terms(seller_id=seller.pk, terms=Terms())
    made = ask(buyer, offer(seller, "Pot"))
    set_terms(seller_id=seller.pk, terms=Terms(takes_offers=False))
    return made
