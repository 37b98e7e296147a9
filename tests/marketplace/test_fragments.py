"""Parts of pages that are kept: attacked by everything that may change what they show."""

import datetime as dt
import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import translation

from beyou.blocks.services import block, unblock
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.marketplace import fragments, services
from beyou.marketplace.models import Category, Item, ItemImage, Reservation, Variant
from beyou.marketplace.queries.details import details_of
from beyou.marketplace.rules import State
from beyou.users.models import User
from beyou.users.services import mark_verified
from tests.factories import market, members, pictures
from tests.factories.members import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return market.seller(members.alice())


@pytest.fixture
def bob() -> Client:
    return client_of(members.bob())


def _card(browser: Client, path: str = "/market") -> str:
    """The only card of the page, which was read twice: what the first look kept, the second shows."""
    pages = [browser.get(path).content.decode() for _ in range(2)]
    found = [re.findall(r'<li class="item-card".*?</li>', page, re.DOTALL) for page in pages]
    assert found[0] == found[1]
    return found[0][0] if found[0] else ""


def test_a_change_by_the_seller_shows_at_once(alice: User, bob: Client) -> None:
    item = market.item(alice)
    assert "Brass desk lamp" in _card(bob)
    details = details_of(item)
    for wanted, shown in (
        (replace(details, title="Tin lamp"), "Tin lamp"),
        (replace(details, price_minor=1_234), "€12.34"),
        (replace(details, region="Ghent"), "Ghent"),
    ):
        services.save_item(seller_id=alice.pk, item_id=item.pk, details=wanted)
        assert shown in _card(bob)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"price_minor": 777}, "€7.77"),
        ({"title": "Tin lamp"}, "Tin lamp"),
        ({"currency": "USD"}, "$45"),
        ({"region": "Ghent"}, "Ghent"),
        ({"state": State.INACTIVE_STAFF}, None),
        ({"state": State.DRAFT}, None),
        ({"state": State.SOLD}, None),
    ],
)
def test_a_change_that_counts_no_version_shows_at_once(
    alice: User, bob: Client, fields: dict[str, Any], shown: str | None
) -> None:
    item = market.item(alice)
    assert "€45" in _card(bob)
    Item.objects.filter(pk=item.pk).update(**fields)
    card = _card(bob)
    assert (shown in card) if shown else card == ""


def test_the_first_picture_is_the_one_of_now(alice: User, bob: Client) -> None:
    item = market.item(alice)
    first = ItemImage.objects.get(item=item)
    assert str(first.small_id) in _card(bob)
    second = ItemImage.objects.create(
        item=item, media_id=uuid7(), small_id=uuid7(), width=8, height=6, position=1
    )
    assert str(first.small_id) in _card(bob)
    services.arrange_pictures(seller_id=alice.pk, item_id=item.pk, order=[second.pk])
    assert str(second.small_id) in _card(bob)
    ItemImage.objects.all().delete()
    assert "<img" not in _card(bob)


def test_a_hold_shows_while_it_lasts_and_ends_by_the_clock(
    alice: User, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = market.item(alice, stock=2)
    assert "Reserved" not in _card(bob)
    moment = clock.now()
    for quantity in (1, 1):
        Reservation.objects.create(
            variant=market.variant(item), buyer=alice, quantity=quantity, order_id=uuid4(),
            until=moment + dt.timedelta(minutes=15 * quantity),
        )  # fmt: skip
        is_last = Reservation.objects.count() == 2
        assert ("Reserved" in _card(bob)) is is_last
    monkeypatch.setattr(clock, "now", lambda: moment + dt.timedelta(minutes=15, seconds=1))
    assert "Reserved" not in _card(bob)
    monkeypatch.setattr(clock, "now", lambda: moment + dt.timedelta(minutes=14))
    assert "Reserved" in _card(bob)
    Variant.objects.update(stock=3)
    assert "Reserved" not in _card(bob)


def test_one_variant_held_is_not_the_item_held(alice: User, bob: Client) -> None:
    item = market.item(alice, variants=("S", "M"))
    until = clock.now() + dt.timedelta(minutes=15)
    for variant, shown in zip(item.variants.order_by("position"), (False, True), strict=True):
        Reservation.objects.create(variant=variant, buyer=alice, quantity=1, order_id=uuid4(), until=until)
        assert ("Reserved" in _card(bob)) is shown


def test_a_block_hides_a_kept_card_and_its_end_brings_it_back(alice: User, bob: Client) -> None:
    market.item(alice)
    other = User.objects.get(handle="bob")
    charlie = client_of(members.charlie())
    assert _card(bob)
    for one, two in ((alice, other), (other, alice)):
        block(member_id=one.pk, other_id=two.pk)
        assert _card(bob) == ""
        assert _card(charlie)
        unblock(member_id=one.pk, other_id=two.pk)
        assert _card(bob)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert _card(bob) == ""


def test_a_seller_who_is_no_longer_checked_has_no_mark(alice: User, bob: Client) -> None:
    market.item(alice)
    assert "Checked seller" in _card(bob)
    User.objects.filter(pk=alice.pk).update(verified_at=None)
    assert "Checked seller" not in _card(bob)
    mark_verified(member_id=alice.pk)
    assert "Checked seller" in _card(bob)


def test_what_is_ones_own_is_not_shown_so_to_others(alice: User, bob: Client) -> None:
    market.item(alice)
    own = client_of(alice)
    assert "Yours" in _card(own)
    assert "Yours" not in _card(bob)
    assert "Yours" in _card(own)


def test_each_language_and_each_build_has_parts_of_its_own(
    alice: User, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.item(alice)
    _card(bob)
    before = fragments._card.cache_info().misses
    with translation.override("de"):
        bob.get("/market")
    assert fragments._card.cache_info().misses == before + 1
    monkeypatch.setattr(fragments, "icons", lambda: "/static/other.svg")
    assert _card(bob)
    assert fragments._card.cache_info().misses == before + 2


def test_a_category_that_staff_changed_shows_at_once(alice: User, bob: Client) -> None:
    market.item(alice)
    assert ">Lamps<" in bob.get("/market/c/home").content.decode()
    Category.objects.filter(slug="lamps").update(name="Lights")
    assert ">Lights<" in bob.get("/market/c/home").content.decode()
    Category.objects.create(slug="candles", name="Candles", parent=Category.objects.get(slug="home"))
    assert ">Candles<" in bob.get("/market/c/home").content.decode()


def test_facets_show_what_this_address_asks_and_nobody_elses(alice: User, bob: Client, settings: Any) -> None:
    market.item(alice)
    for text in ("lamp", '"><script>alert(1)</script>', "lamp"):
        page = bob.get("/market", {"q": text, "low": "1", "condition": ["good", "new"]}).content.decode()
        assert "<script>alert" not in page
        assert page.count(" checked") == 2
        assert ('value="lamp"' in page) is (text == "lamp")
    assert 'value="lamp"' not in bob.get("/market").content.decode()
    settings.MARKET_CURRENCY = "USD"
    assert "Price from (USD)" in bob.get("/market?q=lamp&low=1").content.decode()


def test_long_questions_are_answered_and_not_kept(alice: User, bob: Client) -> None:
    market.item(alice)
    before = fragments._facets.cache_info().currsize
    for number in range(3):
        assert bob.get("/market", {"junk": "x" * 400 + str(number), "q": "lamp"}).status_code == 200
    assert fragments._facets.cache_info().currsize == before


def test_hostile_words_stay_words(alice: User, bob: Client) -> None:
    market.item(alice, "<img src=x onerror=alert(1)>", region="\"'><b>Ghent")
    card = _card(bob)
    assert "<img src=x" not in card
    assert "<b>Ghent" not in card
    assert "&lt;img src=x" in card


def test_pictures_that_were_added_by_upload_show(alice: User, bob: Client) -> None:
    item = market.item(alice)
    ItemImage.objects.all().delete()
    assert "<img" not in _card(bob)
    added = services.add_picture(seller_id=alice.pk, item_id=item.pk, data=pictures.picture())
    assert str(added.small_id) in _card(bob)
