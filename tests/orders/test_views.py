"""The pages of cart, checkout and orders, without scripts and as htmx asks for their parts."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.core import clock
from beyou.marketplace.models import Item
from beyou.orders import rules, services
from beyou.orders.models import CartLine, Order
from beyou.orders.papers import _plain, receipt_pdf
from beyou.payments.models import Payment
from beyou.sandbox.rules import Card
from beyou.users.models import User
from tests.factories import members
from tests.orders.world import ADDRESS, begin, buy, offer, pay, settle_down, trader, use_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def browser(bob: User) -> Client:
    return members.client_of(bob)


def body(page: Any) -> str:
    return page.content.decode()  # type: ignore[no-any-return]


def total_of(page: Any) -> str:
    (found,) = re.findall(r'name="total" value="(\d+)"', body(page))
    return str(found)


def number_of(page: Any) -> str:
    return re.findall(r'name="number" value="([\w-]+)"', body(page))[0]  # type: ignore[no-any-return]


def submit(browser: Client, page: Any, **fields: str) -> Any:
    """The checkout's form as it stands on the page, with what the buyer typed."""
    form = ADDRESS | {"number": number_of(page), "total": total_of(page), "do": "pay"} | fields
    return browser.post("/checkout", form)


def test_from_an_item_to_a_paid_order_without_scripts(alice: User, bob: User, browser: Client) -> None:
    lamp = offer(alice)
    assert browser.post("/cart/add", {"variant": str(lamp.pk), "quantity": "1"})["Location"] == "/cart"
    cart = browser.get("/cart")
    assert "Brass lamp" in body(cart)
    assert "€28.50" in body(cart)
    assert (
        browser.post("/checkout/start", {"currency": "EUR", "total": total_of(cart)})["Location"]
        == "/checkout"
    )
    page = browser.get("/checkout")
    assert "Held for you" in body(page)
    away = submit(browser, page)
    assert away["Location"].startswith("/sandbox/pay/")
    back = browser.post(away["Location"], {"card": "success"}, follow=True)
    settle_down()
    order = Order.objects.get()
    assert back.redirect_chain[-1][0] == f"/orders/{order.number}/payment"
    assert "Waiting for your bank" in body(back)
    assert browser.get(f"/orders/{order.number}/payment")["Location"] == f"/orders/{order.number}"
    shown = body(browser.get(f"/orders/{order.number}"))
    assert "Paid, to be shipped" in shown
    assert "1 Harbour Road" in shown
    # Back to the page of before, and once more on Pay.
    again = browser.post("/checkout", ADDRESS | {"number": order.number, "total": "2850", "do": "pay"})
    assert again["Location"] == f"/orders/{order.number}"
    assert Payment.objects.count() == 1
    assert browser.get("/checkout")["Location"] == "/cart"


@pytest.mark.parametrize("quantity", ["abc", "0", "-1", str(10**9), "1e3", "\0", "", "٣", "1000"])
def test_a_strange_quantity_is_explained_where_it_was_typed(
    alice: User, bob: User, browser: Client, quantity: str
) -> None:
    lamp = offer(alice, stock=5)
    services.put(member_id=bob.pk, variant_id=lamp.pk, quantity=2)
    for headers in ({}, {"HX-Request": "true"}):
        answer = browser.post(f"/cart/{lamp.pk}", {"quantity": quantity}, headers=headers)
        assert answer.status_code == 422
        assert "Choose a whole number from 1 to 999" in body(answer)
    assert CartLine.objects.get().quantity == 2
    assert browser.post("/cart/add", {"variant": str(lamp.pk), "quantity": quantity}).status_code == 422
    assert browser.post("/cart/add", {"variant": quantity, "quantity": "1"}).status_code == 422


def test_totals_come_from_the_server_when_htmx_saves_a_quantity(
    alice: User, bob: User, browser: Client
) -> None:
    lamp = offer(alice, stock=5)
    services.put(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    part = browser.post(f"/cart/{lamp.pk}", {"quantity": "3"}, headers={"HX-Request": "true"})
    assert "€76.50" in body(part)
    assert "<html" not in body(part)
    assert browser.post(f"/cart/{lamp.pk}", {"quantity": "2"})["Location"] == "/cart"
    too_many = browser.post(f"/cart/{lamp.pk}", {"quantity": "6"}, headers={"HX-Request": "true"})
    assert "only 5 left" in body(too_many)


def test_what_was_removed_can_be_put_back(alice: User, bob: User, browser: Client) -> None:
    lamp = offer(alice, stock=5)
    services.put(member_id=bob.pk, variant_id=lamp.pk, quantity=3)
    answer = browser.post(f"/cart/{lamp.pk}/remove", headers={"HX-Request": "true"})
    (undo,) = re.findall(r'"undo": "([^"]+)"', answer["HX-Trigger"])
    assert "Your cart is empty" in body(answer)
    browser.post(undo)
    assert CartLine.objects.get().quantity == 3


def test_a_changed_price_and_a_lost_thing_are_announced(alice: User, bob: User, browser: Client) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug")
    for variant in (lamp, mug):
        services.put(member_id=bob.pk, variant_id=variant.pk, quantity=1)
    seen = total_of(browser.get("/cart"))
    Item.objects.filter(title="Brass lamp").update(price_minor=9900)
    Item.objects.filter(title="Mug").update(state="inactive_seller")
    page = body(browser.get("/cart"))
    assert "Prices changed" in page
    assert "was €24.00" in page
    assert "Sold or taken down" in page
    refused = browser.post("/checkout/start", {"currency": "EUR", "total": seen})
    assert refused.status_code == 409
    assert "Nothing was ordered" in body(refused)
    assert not Order.objects.exists()
    browser.post("/cart/prices")
    assert "Prices changed" not in body(browser.get("/cart"))


def test_who_lost_the_race_is_told_and_offered_to_wait(alice: User, bob: User, browser: Client) -> None:
    lamp = offer(alice)
    services.put(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    begin(trader("charlie"), lamp)
    lost = browser.post("/checkout/start", {"currency": "EUR"})
    assert lost.status_code == 409
    assert "Tell me when it is free" in body(lost)
    assert "We tell you" in body(browser.post(f"/cart/{lamp.pk}/wait", follow=True))


def test_an_incomplete_address_keeps_what_was_typed(alice: User, bob: User, browser: Client) -> None:
    begin(bob, offer(alice))
    page = submit(browser, browser.get("/checkout"), postcode="", street="2 Quay <b>")
    assert page.status_code == 422
    assert "Enter a postcode, such as 1071 AB." in body(page)
    assert "2 Quay &lt;b&gt;" in body(page)
    assert not Payment.objects.exists()
    # Another tab, or tomorrow: the draft is there.
    assert "2 Quay &lt;b&gt;" in body(browser.get("/checkout"))


def test_a_total_that_was_edited_or_is_old_charges_nothing(alice: User, bob: User, browser: Client) -> None:
    begin(bob, offer(alice))
    page = submit(browser, browser.get("/checkout"), total="1")
    assert page.status_code == 409
    assert "Nothing was charged" in body(page)
    assert not Payment.objects.exists()
    for nonsense in ("", "abc", "-1", "1.5", "9" * 40):
        assert submit(browser, browser.get("/checkout"), total=nonsense).status_code == 422


def test_choosing_a_delivery_changes_the_total_by_htmx_and_by_a_button(
    alice: User, bob: User, browser: Client
) -> None:
    order = begin(bob, offer(alice, ways={"parcel": 450, "pickup": 0}))
    part = order.parts.get()
    page = browser.get("/checkout")
    fields = {f"way-{part.number}": "Tracked parcel", "number": order.number, "total": total_of(page)}
    answer = browser.post("/checkout", fields, headers={"HX-Request": "true"})
    assert total_of(answer) == "2850"
    assert "<html" not in body(answer)
    # Without scripts: another way and Pay at once is asked for again with the new total.
    refused = submit(browser, page, **{f"way-{part.number}": "Pick up in person"}, total="2850")
    assert refused.status_code == 409
    assert total_of(refused) == "2400"


def test_after_a_decline_nothing_is_lost(alice: User, bob: User, browser: Client) -> None:
    order = begin(bob, offer(alice))
    pay(order)
    use_card(order, Card.DECLINED)
    assert browser.get(f"/orders/{order.number}/payment")["Location"] == "/checkout"
    page = browser.get("/checkout")
    assert "Nothing was charged" in body(page)
    assert "The bank declined the card." in body(page)
    assert 'value="1 Harbour Road"' in body(page)
    away = submit(browser, page)
    assert away["Location"].startswith("/sandbox/pay/")


def test_an_expired_hold_is_said_and_can_be_taken_again(alice: User, bob: User, browser: Client) -> None:
    begin(bob, offer(alice))
    page = browser.get("/checkout")
    clock.shift(int(rules.HOLD.total_seconds() * 1000) + 1)
    refused = submit(browser, page)
    assert refused.status_code == 409
    assert "not held any more" in body(refused)
    assert browser.post("/checkout/start", {"currency": "EUR"})["Location"] == "/checkout"
    assert submit(browser, browser.get("/checkout"))["Location"].startswith("/sandbox/pay/")


def test_a_payment_under_way_can_be_gone_on_with_or_stopped(alice: User, bob: User, browser: Client) -> None:
    started = pay(begin(bob, offer(alice)))
    page = body(browser.get("/checkout"))
    assert "A payment is under way" in page
    assert started.address in page
    browser.post("/checkout/stop")
    assert "You came back without paying" in body(browser.get("/checkout"))


def test_who_is_not_verified_or_a_stranger_gets_nowhere(alice: User, bob: User) -> None:
    dana, charlie = members.client_of(members.dana()), members.client_of(trader("charlie"))
    order = buy(bob, offer(alice))
    part = order.parts.get()
    assert dana.get("/cart").status_code == dana.get("/checkout").status_code == 403
    for address in (f"/orders/{order.number}", f"/orders/{order.number}/payment",
                    f"/orders/{order.number}/receipt.pdf", f"/selling/orders/{part.number}",
                    f"/selling/orders/{part.number}/invoice.pdf"):  # fmt: skip
        missing = address.replace(order.number, "AAAA-AAAA-AAAA").replace(part.number, "AAAA-AAAA-AAAA")
        assert charlie.get(address).status_code == charlie.get(missing).status_code == 404
    for address in (f"/orders/{order.number}/cancel", f"/orders/parts/{part.number}/confirm",
                    f"/orders/parts/{part.number}/call-off", f"/selling/orders/{part.number}",
                    f"/selling/orders/{part.number}/call-off"):  # fmt: skip
        assert charlie.post(address, {"carrier": "Post"}).status_code == 404


def test_seller_and_buyer_walk_through_a_delivery(alice: User, bob: User, browser: Client) -> None:
    order = buy(bob, offer(alice))
    part, seller = order.parts.get(), members.client_of(alice)
    assert "Brass lamp" in body(seller.get("/selling/orders"))
    page = body(seller.get(f"/selling/orders/{part.number}"))
    assert "1 Harbour Road" in page
    assert seller.post(f"/selling/orders/{part.number}", {"carrier": ""}).status_code == 422
    shipped = seller.post(f"/selling/orders/{part.number}", {"carrier": "Post", "tracking": "3SABC"})
    assert shipped.status_code == 302
    page = body(browser.get(f"/orders/{order.number}"))
    assert "3SABC" in page
    assert "It has arrived" in page
    browser.post(f"/orders/parts/{part.number}/confirm")
    assert "Delivered" in body(browser.get("/orders"))
    # Nothing is left to send, so the seller sees the address no more.
    assert "1 Harbour Road" not in body(seller.get(f"/selling/orders/{part.number}"))


def test_papers_are_for_their_own_side(alice: User, bob: User, browser: Client) -> None:
    order = buy(bob, offer(alice, "Лампа & <Lamp> " * 4))
    part = order.parts.get()
    receipt = browser.get(f"/orders/{order.number}/receipt.pdf")
    invoice = members.client_of(alice).get(f"/selling/orders/{part.number}/invoice.pdf")
    for paper in (receipt, invoice):
        assert paper["Content-Type"] == "application/pdf"
        assert paper.content.startswith(b"%PDF-")
        assert len(paper.content) > 2000
    assert members.client_of(alice).get(f"/orders/{order.number}/receipt.pdf").status_code == 404
    unpaid = begin(bob, offer(alice, "Mug"))
    assert browser.get(f"/orders/{unpaid.number}/receipt.pdf").status_code == 404


@pytest.mark.parametrize("name", ["Алиса Берёзова", "Αλίκη", "שלום עולם", "مرحبا بالعالم", "Łódź Ăă"])
def test_papers_have_the_letters_of_many_scripts(name: str) -> None:
    assert _plain(name) == name


def test_papers_carry_only_the_letters_that_they_need(alice: User, bob: User) -> None:
    order = buy(bob, offer(alice, "Лампа и مصباح"))
    assert len(receipt_pdf(order, list(order.parts.all()), {})) < 100_000
    assert _plain("山 🪿") == "? ?", "what no font has is not left out silently"


def test_the_badge_costs_one_statement_and_counts(alice: User, bob: User, browser: Client) -> None:
    services.put(member_id=bob.pk, variant_id=offer(alice, stock=4).pk, quantity=3)
    with CaptureQueriesContext(connection) as seen:
        page = browser.get("/settings")
    assert len([query for query in seen if "orders_cartline" in query["sql"]]) == 1
    assert re.search(r'field="count"[^>]*>3<', body(page))
    with CaptureQueriesContext(connection) as seen:
        members.visitor().get("/about/security")
    assert not [query for query in seen if "orders_" in query["sql"]]
