"""Who may look at the market (BEYOU_MARKET_BROWSING): every role, on all that shows it."""

from typing import Any

import pytest

from beyou.blocks.services import block
from beyou.marketplace.models import Item
from beyou.users.rules import Level
from beyou.users.scopes import Scope
from tests.factories import market, members
from tests.factories.members import bearer, client_of, visitor

pytestmark = pytest.mark.django_db
PAGES = ("/market", "/market?q=lamp", "/market/c/home", "/market/favourites", "/market/searches")
OPERATIONS = ("categories", "items", "items?q=lamp", "items?friends_first=true", "favourites", "searches")


@pytest.fixture
def lamp() -> Item:
    return market.item(market.seller(members.alice()))


def _paths(lamp: Item) -> list[str]:
    pages = [*PAGES, f"/market/i/{lamp.pk}-brass-desk-lamp"]
    return [*pages, *(f"/api/v1/market/{each}" for each in (*OPERATIONS, f"items/{lamp.pk}"))]


@pytest.mark.parametrize(("setting", "unverified"), [("members", 200), ("verified", 403)])
def test_each_role_meets_the_gate(lamp: Item, settings: Any, setting: str, unverified: int) -> None:
    settings.MARKET_BROWSING = setting
    roles = {
        200: client_of(market.seller(members.bob())),
        unverified: client_of(members.dana()),
    }
    staff = client_of(members.staff(Level.MODERATOR))
    for path in _paths(lamp):
        for status, browser in roles.items():
            assert browser.get(path).status_code == status, path
        # A level opens the pages of the staff, not the market.
        assert staff.get(path).status_code == unverified, path
        outside = visitor().get(path)
        assert outside.status_code == (401 if path.startswith("/api") else 302), path
    # What is one's own is seen all the same.
    for path in ("/selling/items", "/api/v1/market/own-items"):
        assert roles[unverified].get(path).status_code == 200


@pytest.mark.parametrize("setting", ["members", "verified"])
def test_a_block_counts_behind_the_gate_too(lamp: Item, settings: Any, setting: str) -> None:
    settings.MARKET_BROWSING = setting
    mallory = market.seller(members.mallory())
    block(member_id=lamp.seller_id, other_id=mallory.pk)
    browser = client_of(mallory)
    for path in _paths(lamp):
        answer = browser.get(path)
        assert answer.status_code == (404 if str(lamp.pk) in path else 200), path
        assert b"Brass desk lamp" not in answer.content


def test_a_token_opens_no_more_than_its_member(lamp: Item, settings: Any) -> None:
    settings.MARKET_BROWSING = "verified"
    for person, status in ((members.dana(), 403), (market.seller(members.bob()), 200)):
        _, text = members.token(person, Scope.READ_MARKET)
        for each in OPERATIONS:
            answer = visitor().get(f"/api/v1/market/{each}", **bearer(text))
            assert answer.status_code == status, each
