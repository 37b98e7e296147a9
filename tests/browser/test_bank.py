"""Paying at the pretend bank in a real browser, and a seller's money: phone and desktop, light and dark."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TIMEOUT_MS
from tests.browser.server import Server
from tests.browser.test_look import SIZES, THEMES, findings, overhear, settled

SEED = """
import json
from beyou.payments import services
from beyou.users.models import User
from tests.factories.members import client_of, member
from tests.payments.bank import deal, paid
paula = User.objects.filter(handle="paula").first() or member("paula", name="Paula Payer")
sold = deal(sellers=[paula.pk, member(f"s{User.objects.count()}").pk])
paid(sold)
services.release(share_reference=sold.share)
paid(deal(sellers=[paula.pk, paula.pk]))
started = [deal(payer=paula.pk).start() for _ in range(2)]
cookie = client_of(paula).cookies["beyou-session"].value
print(json.dumps([cookie, [s.redirect_url for s in started], [str(s.payment_id) for s in started]]))
"""


class Shop:
    """Paula, who has sold something, and two payments that she has begun."""

    def __init__(self, live: Server, browser: Browser) -> None:
        self.server, self.browser = live, browser
        self.cookie, self.pages, self.payments = json.loads(live.run(SEED).strip().splitlines()[-1])

    @contextmanager
    def visit(self, size: str, theme: str = "light", *, scripts: bool = True) -> Iterator[Page]:
        width, height = SIZES[size]
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            service_workers="block",
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(TIMEOUT_MS)
        context.add_cookies([{"name": "beyou-session", "value": self.cookie, "url": self.server.origin}])
        yield context.new_page()
        context.close()

    def state(self, number: int) -> str:
        return self.server.run(
            "from beyou.payments.models import Payment\n"
            f"print(Payment.objects.get(pk='{self.payments[number]}').state)"
        ).strip()


@pytest.fixture
def shop(live: Server, browser: Browser) -> Shop:
    return Shop(live, browser)


def test_nothing_is_wrong_with_the_bank_and_the_money(shop: Shop) -> None:
    """Axe, the console and the width, in four shapes of both pages."""
    faults: list[str] = []
    for size in SIZES:
        for theme in THEMES:
            with shop.visit(size, theme) as page:
                overhear(page, f"{size} {theme}", faults)
                for address in (shop.pages[0], "/selling/money"):
                    settled(page, shop.server.origin + address)
                    faults += findings(page)
                    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    assert wide <= 0, f"{address} scrolls sideways by {wide}"
    assert faults == []


def test_a_buyer_pays_with_the_keyboard_and_confirms(shop: Shop) -> None:
    with shop.visit("desktop") as page:
        page.goto(shop.server.origin + shop.pages[0])
        page.get_by_role("radio", name="Works").first.focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("radio", name="Asks you to confirm")).to_be_checked()
        page.get_by_role("button", name="Pay €15.00").press("Enter")
        expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
        page.get_by_role("button", name="Yes, I pay").press("Enter")
        page.wait_for_url("**/home")
    assert shop.state(0) == "settled"


def test_a_buyer_pays_and_is_declined_without_scripts(shop: Shop) -> None:
    with shop.visit("phone", scripts=False) as page:
        page.goto(shop.server.origin + shop.pages[0])
        page.get_by_text("Is declined").click()
        page.get_by_role("button", name="Pay €15.00").click()
        page.wait_for_url("**/home")
        page.goto(shop.server.origin + shop.pages[1])
        page.get_by_role("button", name="Pay €15.00").click()
        page.wait_for_url("**/home")
    assert [shop.state(0), shop.state(1)] == ["failed", "settled"]
