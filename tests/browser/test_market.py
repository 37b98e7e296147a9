"""Browsing, filtering and selling in a browser, on a phone and a desktop, with axe."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.test_look import SIZES, findings
from tests.factories import pictures

VERIFY = """
from beyou.users.models import User
from beyou.users.services import mark_verified
mark_verified(member_id=User.objects.get(handle={handle!r}).pk)
"""
STOCK = """
from beyou.marketplace.services.index import index_item
from beyou.users.models import User
from tests.factories import market
seller = User.objects.get(handle={handle!r})
market.category()
for title, price in (("Walnut side table", 11000), ("Copper kettle", 2900)):
    index_item(market.item(seller, title, price=price))
"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.jpg"
    path.write_bytes(pictures.with_secrets())
    return path


def _everywhere(page: Page, address: str) -> list[str]:
    """What axe and the ruler find on the page on a dark phone and a light desktop."""
    faults = []
    for name, theme in (("phone", "dark"), ("desktop", "light")):
        width, height = SIZES[name]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.goto(address)
        shape = f"{address} {name} {theme}"
        faults += [f"{shape}: {found}" for found in findings(page)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        faults += [f"{shape}: {wide} pixels wide"] if wide > width else []
    return faults


def test_somebody_sells_and_somebody_finds(own_live: Server, open_person: Opened, photo: Path) -> None:
    # On the shared server other tests offer things, too.
    befriend(own_live, "market_seller", "market_buyer")
    seller = open_person(own_live, "market_seller").pages[0]
    own_live.run(VERIFY.format(handle="market_seller") + STOCK.format(handle="market_seller"))
    seller.set_viewport_size({"width": 390, "height": 844})
    seller.goto(f"{own_live.origin}/market/sell")
    draft = seller.url
    seller.get_by_label("Title").fill("Brass desk lamp")
    seller.get_by_label("Price in EUR").fill("12,50")
    expect(seller.locator("#payout")).to_contain_text("You receive €11.88")
    expect(seller.locator("#saved")).to_contain_text("Draft saved")
    seller.get_by_label("Photos").set_input_files(photo)
    expect(seller.locator(".photos img")).to_have_count(1)
    # Whoever closes the tab now finds everything again.
    seller.goto(f"{own_live.origin}/home")
    seller.goto(draft)
    expect(seller.get_by_label("Title")).to_have_value("Brass desk lamp")
    seller.get_by_role("button", name="Publish").click()
    expect(seller.locator("[data-error-summary]")).to_contain_text("a description")
    seller.get_by_label("What photo 1 shows").fill("A lamp on a desk")
    seller.get_by_label("Description").fill("Works, with a new cable.")
    seller.get_by_label("Category").select_option("lamps")
    seller.get_by_label("Condition").select_option("good")
    seller.get_by_label("Tracked parcel").check()
    seller.get_by_label("Region").fill("Utrecht")
    seller.get_by_role("button", name="Publish").click()
    expect(seller.locator("h1")).to_have_text("Brass desk lamp")
    page = open_person(own_live, "market_buyer").pages[0]
    page.goto(f"{own_live.origin}/market")
    expect(page.locator(".item-title")).to_contain_text(["Brass desk lamp"])
    page.get_by_label("Search items").fill("brass lmap")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".item-title")).to_have_text(["Brass desk lamp"])
    page.goto(f"{own_live.origin}/market")
    page.get_by_text("Filter and sort").click()
    page.get_by_label("Price from (EUR)").fill("20")
    page.get_by_label("Order").select_option("cheapest")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".item-title")).to_have_text(["Copper kettle", "Walnut side table"])
    page.goto(seller.url)
    expect(page.get_by_role("img", name="A lamp on a desk")).to_be_visible()
    page.get_by_role("button", name="Save to favourites").click()
    expect(page.get_by_role("button", name="Remove from favourites")).to_be_visible()
    faults = []
    for path in (
        "/market",
        "/market?low=abc",
        "/market/favourites",
        seller.url.removeprefix(own_live.origin),
    ):
        faults += _everywhere(page, own_live.origin + path)
    for path in ("/selling/items", draft.removeprefix(own_live.origin)):
        faults += _everywhere(seller, own_live.origin + path)
    assert faults == []
