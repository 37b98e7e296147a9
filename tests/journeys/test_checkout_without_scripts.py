"""Journey 8 over HTTP alone: cart, address and every card of the sandbox, with each way to go astray."""

from __future__ import annotations

import pytest

from beyou.core import clock
from beyou.marketplace.models import Reservation, Variant
from beyou.orders import rules
from beyou.orders.models import Order
from beyou.payments import queries as money
from beyou.payments.models import Payment
from beyou.payments.rules import Progress
from beyou.sandbox.models import BankCharge
from beyou.sandbox.services import bank
from beyou.users.models import User
from tests.journeys.paper import Paper
from tests.orders.world import ADDRESS, offer, settle_down, trader

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug() -> Variant:
    return offer(trader("alice", "Alice Ash"), "Stoneware mug", stock=5, ways={"parcel": 450, "pickup": 0})


@pytest.fixture
def bob(mug: Variant) -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def tab(bob: User, mug: Variant) -> Paper:
    """Bob's browser on the checkout, with two mugs and the address typed into the form, not sent yet."""
    tab = Paper(bob).go(f"/market/i/{mug.item_id}")
    tab.send("/cart/add", variant=str(mug.pk), quantity="1")
    assert tab.at == "/cart"
    tab.send(f"/cart/{mug.pk}", quantity="2")
    tab.send("/checkout/start")
    assert (tab.at, tab.page.status_code) == ("/checkout", 200)
    return tab


def press_pay(tab: Paper, **typed: str) -> Paper:
    return tab.send("/checkout", **ADDRESS | {"do": "pay"} | typed)


def use(tab: Paper, card: str) -> Paper:
    """Chooses a card on the bank's page; whatever follows at once has happened."""
    assert tab.at.startswith("/sandbox/pay/"), tab.text
    assert "Sandbox: no real money." in tab.text
    tab.send(card=card)
    settle_down()
    return tab


def charged() -> int:
    """What the bank took, by its own word: what takes its time is paid once the time is over."""
    looked = [bank.look(charge.reference) for charge in BankCharge.objects.all()]
    return sum(charge.amount_minor for charge in looked if charge.progress is Progress.PAID)


def is_whole(mug: Variant, *, left: int, held: int = 0, paid: int = 0) -> None:
    """So many are left and held, so much was charged, and the books are balanced."""
    mug.refresh_from_db()
    # What is over in time holds nothing, swept or not.
    holds = sum(
        Reservation.objects.filter(variant=mug, until__gt=clock.now()).values_list("quantity", flat=True)
    )
    assert (mug.stock, holds, charged()) == (left, held, paid)
    assert money.money_health().is_sound


def test_a_working_card_buys_what_the_page_said(tab: Paper, mug: Variant) -> None:
    assert "Held for you for 14 more minutes" in tab.text
    # The cheapest way is chosen; another one is asked for by the button, and costs what the page then says.
    part = Order.objects.get().parts.get()
    tab.send("/checkout", **ADDRESS, **{f"way-{part.number}": "Tracked parcel", "do": "update"})
    assert "Pay €52.50" in tab.text
    assert 'value="1 Harbour Road"' in tab.text
    use(press_pay(tab), "success")
    tab.go(tab.at)
    number = Order.objects.get().number
    assert tab.at == f"/orders/{number}"
    assert "Paid, to be shipped" in tab.text
    assert "1 Harbour Road" in tab.text
    assert "Your cart is empty" in tab.go("/cart").text
    assert tab.client.get(f"/orders/{number}/receipt.pdf").content.startswith(b"%PDF-")
    is_whole(mug, left=3, paid=5250)


@pytest.mark.parametrize("card", ["declined", "insufficient"])
def test_a_refused_card_charges_nothing_and_loses_nothing(tab: Paper, mug: Variant, card: str) -> None:
    use(press_pay(tab), card)
    tab.go(tab.at)
    assert tab.at == "/checkout"
    assert "Nothing was charged" in tab.text
    assert 'value="1 Harbour Road"' in tab.text
    is_whole(mug, left=5)
    # The form is still filled in: Pay and another card are enough.
    use(tab.send("/checkout", do="pay"), "success")
    assert "Paid, to be shipped" in tab.go(tab.at).text
    assert Order.objects.count() == 1
    is_whole(mug, left=3, paid=4800)


@pytest.mark.parametrize(("answer", "ends"), [("yes", "Paid, to be shipped"), ("no", "Nothing was charged")])
def test_a_card_that_asks_who_you_are(tab: Paper, mug: Variant, answer: str, ends: str) -> None:
    use(press_pay(tab), "confirm")
    assert "Is it you?" in tab.text
    is_whole(mug, left=5, held=2)
    tab.send(tab.at if tab.at in tab.forms else "", answer=answer)
    settle_down()
    assert ends in tab.go(tab.at).text
    if answer == "yes":
        is_whole(mug, left=3, paid=4800)
    else:
        is_whole(mug, left=5)


@pytest.mark.parametrize(("card", "after_ms"), [("slow", 11_000), ("late", 61_000)])
def test_a_card_that_takes_its_time(tab: Paper, mug: Variant, card: str, after_ms: int) -> None:
    use(press_pay(tab), card)
    number = Order.objects.get().number
    if card == "slow":
        assert tab.at == f"/orders/{number}/payment"
        assert "Waiting for your bank" in tab.text
        assert '<meta http-equiv="refresh"' in tab.text, "the page goes on without scripts"
        assert "A payment is under way" in tab.go("/checkout").text
        is_whole(mug, left=5, held=2)
    clock.shift(after_ms)
    settle_down()
    assert "Paid, to be shipped" in tab.go(f"/orders/{number}/payment").text
    is_whole(mug, left=3, paid=4800)


def test_back_after_a_success_pays_nothing_again(tab: Paper, mug: Variant) -> None:
    checkout_page = tab.page
    bank = press_pay(tab).page
    use(tab, "success")
    number = Order.objects.get().number
    # Back to the bank, and to the checkout behind it: pages as the browser kept them.
    for page in (bank, checkout_page):
        tab.page = page
        tab.send(card="success") if page is bank else press_pay(tab)
        settle_down()
        assert tab.go(f"/orders/{number}/payment").at == f"/orders/{number}"
    assert tab.go("/checkout").at == "/cart"
    assert (Order.objects.count(), Payment.objects.count(), BankCharge.objects.count()) == (1, 1, 1)
    is_whole(mug, left=3, paid=4800)


def test_pay_from_two_tabs_is_one_payment(tab: Paper, mug: Variant) -> None:
    other = Paper(like=tab).go("/checkout")
    press_pay(tab)
    press_pay(other)
    assert tab.at == other.at
    use(tab, "success")
    use(other, "declined")
    other.go(tab.at)
    assert "Paid, to be shipped" in other.text
    assert Payment.objects.count() == BankCharge.objects.count() == 1
    is_whole(mug, left=3, paid=4800)


def test_a_hold_that_ran_out_is_said_and_taken_again(tab: Paper, mug: Variant) -> None:
    clock.shift(int(rules.HOLD.total_seconds() * 1000) + 1)
    refused = press_pay(tab)
    assert refused.page.status_code == 409
    assert "not held any more" in refused.text
    assert 'value="1 Harbour Road"' in refused.text
    is_whole(mug, left=5, held=0)
    tab.send("/checkout/start")
    assert "Held for you for 14 more minutes" in tab.text
    use(tab.send("/checkout", do="pay"), "success")
    assert "Paid, to be shipped" in tab.go(tab.at).text
    is_whole(mug, left=3, paid=4800)


def test_a_success_after_the_time_is_given_back(tab: Paper, mug: Variant) -> None:
    press_pay(tab)
    clock.shift(int(rules.HOLD.total_seconds() * 1000) + 1)
    use(tab, "success")
    tab.go("/checkout")
    assert "You get your money back" in tab.text
    assert bank.look(BankCharge.objects.get().reference).refunded_minor == 4800
    mug.refresh_from_db()
    assert mug.stock == 5
    assert money.money_health().is_sound


def test_the_hold_is_extended_once(tab: Paper) -> None:
    tab.send("/checkout/extend")
    assert "Held for you for 29 more minutes" in tab.text
    assert "/checkout/extend" not in tab.forms


def test_who_comes_back_from_the_bank_without_paying_goes_on(tab: Paper, mug: Variant) -> None:
    bank = press_pay(tab).at
    tab.send(f"{bank}/cancel")
    settle_down()
    assert "Nothing was charged" in tab.go("/checkout").text
    tab.go(bank)
    assert "/sandbox/pay/" not in tab.at, "what was called off cannot be paid"
    use(tab.go("/checkout").send("/checkout", do="pay"), "success")
    is_whole(mug, left=3, paid=4800)


@pytest.mark.parametrize("is_paying", [False, True])
def test_a_cancelled_order_frees_its_things_and_keeps_the_cart(
    tab: Paper, mug: Variant, *, is_paying: bool
) -> None:
    bank = press_pay(tab).at if is_paying else ""
    number = Order.objects.get().number
    tab.go(f"/orders/{number}").send(f"/orders/{number}/cancel")
    settle_down()
    assert tab.at == "/cart"
    assert "Nothing was charged, and your cart is kept" in tab.text
    assert 'value="2"' in tab.text
    is_whole(mug, left=5)
    assert "Cancelled" in tab.go(f"/orders/{number}").text
    if bank:
        assert "/sandbox/pay/" not in tab.go(bank).at
    # Twice is like once, and the next checkout is a new order.
    assert tab.go("/cart").send("/checkout/start").at == "/checkout"
    use(press_pay(tab), "success")
    assert Order.objects.count() == 2
    is_whole(mug, left=3, paid=4800)
