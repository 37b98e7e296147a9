"""Journey 8: two buyers race for a lamp; one is declined, one is too late, and nobody pays for nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Opened
from tests.browser.server import Server
from tests.browser.test_look import findings
from tests.factories.members import PASSWORD

SEED = """
from beyou.orders import services
from tests.orders.world import offer, trader
alice, bob = trader("alice", "Alice Ash"), trader("bob", "Bob Birch")
charlie = trader("charlie", "Charlie Cedar")
lamp = offer(alice, "Brass lamp", price=2400, ways={"parcel": 450, "pickup": 0})
for buyer in (bob, charlie):
    services.put(member_id=buyer.pk, variant_id=lamp.pk, quantity=1)
"""
#: What the clock would do in half an hour.
HALF_AN_HOUR = """
import datetime as dt
from beyou.core import clock
from beyou.marketplace.models import Reservation
from beyou.orders.models import Order
over = clock.now() - dt.timedelta(seconds=1)
Reservation.objects.update(until=over)
Order.objects.exclude(held_until=None).update(held_until=over)
"""
BALANCE = """
from beyou.payments.models import Account
print(sum(Account.objects.filter(kind="escrow").values_list("balance_minor", flat=True)))
print(sum(Account.objects.values_list("balance_minor", flat=True)))
"""
#: A page that waits for the bank looks again by itself now and then.
SETTLED_MS = 25_000
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
ADDRESS = {"Full name": "Bob Birch", "Address": "1 Harbour Road", "Postcode": "1071 AB", "Town": "Amsterdam"}


def fill(page: Page) -> None:
    for label, text in (ADDRESS | {"Country": "Netherlands"}).items():
        page.get_by_label(label, exact=True).fill(text)


def check_out(page: Page, server: Server) -> None:
    page.goto(f"{server.origin}/cart")
    page.get_by_role("button", name="Check out").click()


def use_card(page: Page, card: str) -> None:
    page.wait_for_url("**/sandbox/pay/**")
    page.locator(f"input[name=card][value={card}]").check()
    page.get_by_role("button", name="Pay").first.click()


def test_two_buyers_race_and_nobody_pays_for_nothing(own_live: Server, open_person: Opened) -> None:
    server = own_live
    server.run(SEED)
    one = open_person(server, "bob", **PHONE).pages[0]
    two = open_person(server, "charlie").pages[0]

    # One holds it; the other is told, and waits.
    check_out(one, server)
    expect(one.locator("by-countdown")).to_contain_text("Held for you for 14:")
    assert findings(one) == []
    two.goto(f"{server.origin}/cart")
    assert findings(two) == []
    two.get_by_role("button", name="Tell me when").click()
    expect(two.locator("#cart")).to_contain_text("We tell you")

    # The total follows the delivery; a declined card charges nothing and keeps everything.
    fill(one)
    one.get_by_label("Tracked parcel").check()
    expect(one.get_by_role("button", name="Pay €28.50")).to_be_visible()
    one.get_by_role("button", name="Pay €28.50").click()
    use_card(one, "declined")
    expect(one.get_by_role("heading", name="Nothing was charged")).to_be_visible(timeout=SETTLED_MS)
    expect(one.get_by_label("Postcode")).to_have_value("1071 AB")
    assert findings(one) == []

    # The lamp is on sale again, and who waited is told.
    expect(two.locator("by-badge[field=unread]")).to_be_visible(timeout=SETTLED_MS)
    check_out(two, server)
    fill(two)
    two.get_by_role("button", name="Pay").click()
    two.wait_for_url("**/sandbox/pay/**")
    one.get_by_role("button", name="Pay").click()
    expect(one.locator(".summary")).to_contain_text("Somebody else holds or has bought: Brass lamp")

    # The second is too slow; the first has it at last; the late success goes back by itself.
    server.run(HALF_AN_HOUR)
    check_out(one, server)
    one.get_by_role("button", name="Pay").click()
    use_card(one, "success")
    expect(one.get_by_text("Paid, to be shipped")).to_be_visible(timeout=SETTLED_MS)
    assert findings(one) == []
    use_card(two, "success")
    two.wait_for_url(re.compile("/(orders|checkout)"))
    two.goto(f"{server.origin}/activity")
    expect(two.get_by_text("A payment came too late")).to_be_visible(timeout=SETTLED_MS)
    escrow, everything = map(int, server.run(BALANCE).split())
    assert (escrow, everything) == (2400, 0)


def test_a_checkout_works_without_scripts(own_live: Server, browser: Browser) -> None:
    server = own_live
    server.run(SEED)
    context: BrowserContext = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.origin}/sign-in")
    page.locator("input[name=login]").fill("bob@example.org")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button:not([type=button])").first.click()
    check_out(page, server)
    fill(page)
    page.get_by_label("Tracked parcel").check()
    page.get_by_role("button", name="Update the total").click()
    expect(page.get_by_role("button", name="Pay €28.50")).to_be_visible()
    page.get_by_role("button", name="Pay €28.50").click()
    use_card(page, "success")
    # The page that waits loads itself again.
    expect(page.get_by_text("Paid, to be shipped")).to_be_visible(timeout=SETTLED_MS)
    context.close()


@pytest.mark.parametrize("quantity", ["abc", "1000000000"])
def test_a_strange_quantity_is_explained_beside_it(
    own_live: Server, open_person: Opened, quantity: str
) -> None:
    own_live.run(SEED)
    page = open_person(own_live, "bob").pages[0]
    page.goto(f"{own_live.origin}/cart")
    field = page.get_by_label("How many of Brass lamp")
    field.fill(quantity)
    field.press("Tab")
    expect(page.locator("#cart .error")).to_contain_text("whole number")
    expect(page.get_by_label("How many of Brass lamp")).to_have_value(quantity)
