"""The pages of the market over HTTP, as browsers without scripts use them."""

import datetime as dt
import re
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.blocks.services import block
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.friends import services as friends
from beyou.friends.rules import Step as Friendly
from beyou.marketplace.models import Item, Reservation
from beyou.marketplace.rules import Condition, Delivery, State
from beyou.marketplace.services.index import index_item
from beyou.users.models import User
from tests.factories import market, members, pictures
from tests.factories.members import client_of

pytestmark = pytest.mark.django_db
FORM = {
    "title": "Brass desk lamp",
    "description": "Works.",
    "category": "lamps",
    "condition": "good",
    "price": "45,50",
    "stock": "1",
    "way-parcel": "on",
    "way-parcel-price": "4.99",
    "way-parcel-days": "3",
    "region": "Utrecht",
}


def _seller(name: str = "alice") -> tuple[User, Client]:
    market.category()
    person = market.seller(members.member(name))
    return person, client_of(person)


def _titles(response: Any) -> list[str]:
    return re.findall(r'class="item-title">([^<]+)<', response.content.decode())


def _post(client: Client, path: str, **changes: Any) -> Any:
    return client.post(path, FORM | changes)


def _photo() -> SimpleUploadedFile:
    return SimpleUploadedFile("lamp.jpg", pictures.picture(), "image/jpeg")


def test_an_item_is_sold_without_scripts() -> None:
    _, browser = _seller()
    path = browser.get("/market/sell").headers["Location"]
    assert browser.get(path).status_code == 200
    assert not Item.objects.exists()
    kept = _post(browser, path, do="save", pictures=[_photo(), _photo()])
    assert kept.status_code == 302, kept.content
    page = browser.get(path).content.decode()
    assert "You receive <b>€43.23</b> after €2.27 commission" in page
    assert 'value="45.50"' in page
    published = _post(browser, path, do="publish")
    assert published.status_code == 302
    assert published.headers["Location"].endswith("-brass-desk-lamp")
    bob = client_of(members.bob())
    shown = bob.get(published.headers["Location"]).content.decode()
    assert "Brass desk lamp" in shown
    assert "€45.50" in shown
    assert "Tracked parcel" in shown
    picture = re.search(r"/market/pictures/[0-9a-f-]{36}", shown)
    assert picture is not None
    assert bob.get(picture[0]).headers["Content-Type"] == "image/webp"
    assert _titles(bob.get("/market")) == ["Brass desk lamp"]


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("price", "0", "A price lies between"),
        ("price", "-5", "cannot be negative"),
        ("price", "NaN", "is not an amount"),
        ("price", "1e9", "is not an amount"),
        ("price", "1000000000000", "A price lies between"),
        ("price", "12 USD", "is not an amount"),
        ("price", "1,234", "thousands or a fraction"),
        ("stock", "abc", "a whole number"),
        ("stock", "1000000000", "a whole number"),
        ("stock", "-1", "a whole number"),
        ("way-parcel-price", "free", "is not an amount"),
        ("way-parcel-days", "soon", "a whole number"),
        ("way-parcel-days", "99", "at most 60 days"),
        ("category", "weapons", "one of the categories"),
        ("condition", "mint", "one of the conditions"),
        ("title", "x" * 81, "at most 80 characters"),
        ("description", "x" * 4_001, "at most 4,000 characters"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_typed_is_lost(field: str, text: str, words: str) -> None:
    _, browser = _seller()
    path = f"/market/sell/{uuid7()}"
    answer = _post(browser, path, do="publish", pictures=[_photo()], **{field: text})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    again = browser.get(path).content.decode()
    assert text in again or field in ("category", "condition")
    assert "Brass desk lamp" in again or field == "title"
    assert Item.objects.get().state == State.DRAFT
    assert Item.objects.get().images.count() == 1


@pytest.mark.parametrize("data", [b"<html>", pictures.pixel_bomb()], ids=["html", "bomb"])
def test_a_picture_that_is_none_loses_no_words(data: bytes) -> None:
    _, browser = _seller()
    path = f"/market/sell/{uuid7()}"
    bad = SimpleUploadedFile("lamp.jpg", data, "image/jpeg")
    answer = _post(browser, path, do="publish", pictures=[bad])
    assert answer.status_code in (413, 415)
    assert "picture" in answer.content.decode()
    assert Item.objects.get().title == "Brass desk lamp"


def test_a_draft_saves_itself() -> None:
    _, browser = _seller()
    path = f"/market/sell/{uuid7()}"
    answer = browser.post(path, {"title": "La", "page": "p1", "version": ""}, headers={"HX-Request": "true"})
    assert "Draft saved" in answer.content.decode()
    again = browser.post(path, {"title": "Lamp", "price": "4O", "page": "p1", "version": "1"},
                         headers={"HX-Request": "true"})  # fmt: skip
    assert "is not an amount" in again.content.decode()
    assert Item.objects.get().title == "Lamp"
    assert 'value="4O"' in browser.get(path).content.decode()


def test_a_stale_tab_is_told_and_keeps_its_words() -> None:
    _, browser = _seller()
    path = f"/market/sell/{uuid7()}"
    _post(browser, path, do="save", pictures=[_photo()])
    _post(browser, path, do="publish")
    version = Item.objects.get().version
    assert _post(browser, path, do="save", title="Newer", version=version).status_code == 302
    stale = _post(browser, path, do="save", title="Older words", version=version)
    assert stale.status_code == 409
    assert "Older words" in stale.content.decode()
    assert Item.objects.get().title == "Newer"


def test_nothing_is_changed_under_a_hold_and_the_words_stay() -> None:
    alice, browser = _seller()
    item = market.item(alice)
    until = clock.now() + dt.timedelta(minutes=15)
    Reservation.objects.create(
        variant=market.variant(item), buyer=members.bob(), quantity=1, order_id=uuid4(), until=until
    )
    answer = _post(browser, f"/market/sell/{item.pk}", do="save", price="1")
    assert answer.status_code == 409
    assert "Somebody is buying this" in answer.content.decode()
    assert Item.objects.get().price_minor == 4_500
    assert "Reserved" in client_of(members.charlie()).get("/market").content.decode()


def test_the_unverified_look_and_meet_the_gate_where_they_sell(settings: Any) -> None:
    alice, _ = _seller()
    item = market.item(alice)
    dana = client_of(members.dana())
    assert dana.get("/market").status_code == 200
    assert dana.get(f"/market/i/{item.pk}", follow=True).status_code == 200
    for path in ("/market/sell", f"/market/sell/{uuid7()}"):
        assert dana.get(path).status_code == 403
    settings.MARKET_BROWSING = "verified"
    assert dana.get("/market").status_code == 403
    assert dana.get(f"/market/i/{item.pk}-x").status_code == 403


def test_others_cannot_tell_a_foreign_draft_from_nothing() -> None:
    alice, _ = _seller()
    bob = client_of(market.seller(members.bob()))
    draft = market.item(alice, state=State.DRAFT)
    assert bob.get(f"/market/sell/{draft.pk}").status_code == 404
    assert _post(bob, f"/market/sell/{draft.pk}", do="save").status_code == 404
    assert bob.get(f"/market/i/{draft.pk}").status_code == 404
    assert bob.post(f"/market/i/{draft.pk}/step", {"step": "publish"}).status_code == 404
    assert bob.post(f"/market/i/{draft.pk}/like").status_code == 404
    picture = draft.images.get().media_id
    assert bob.get(f"/market/pictures/{picture}").status_code == 404


def test_the_address_of_an_item_follows_its_title() -> None:
    alice, browser = _seller()
    item = market.item(alice, "Ünïque <lamp> / №1")
    answer = browser.get(f"/market/i/{item.pk}")
    assert answer.headers["Location"] == f"/market/i/{item.pk}-unique-lamp-no1"
    bare = market.item(alice, "灯")
    assert browser.get(f"/market/i/{bare.pk}").status_code == 200
    assert browser.get(f"/market/i/{bare.pk}-old").headers["Location"] == f"/market/i/{bare.pk}"


@pytest.fixture
def bazaar() -> Client:
    """Six items of two sellers, looked at by bob."""
    alice, _ = _seller()
    carol = market.seller(members.member("carol"))
    bikes = market.category("bicycles", "sports")
    made = [
        market.item(alice, "Lamp A", price=1_000, listed_ms=1),
        market.item(alice, "Lamp B", price=2_000, listed_ms=2, condition=Condition.NEW),
        market.item(alice, "Lamp C", price=3_000, listed_ms=3, deliveries=((Delivery.PICKUP, 0),)),
        market.item(carol, "Bike D", price=2_000, listed_ms=4, category=bikes, region="Ghent"),
        market.item(carol, "Bike E", price=9_000, listed_ms=5, category=bikes),
        market.item(carol, "Bike F", price=500, listed_ms=5, category=bikes, state=State.SOLD),
    ]
    for item in made:
        index_item(item)
    return client_of(members.bob())


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ("", "EDCBA"),
        ("sort=cheapest", "ABDCE"),
        ("sort=dearest", "ECDBA"),
        ("low=20&high=30", "DCB"),
        ("low=20,00&sort=cheapest", "BDCE"),
        ("condition=new", "B"),
        ("condition=new&condition=good", "EDCBA"),
        ("delivery=sent", "EDBA"),
        ("delivery=collected", "EDCBA"),
        ("region=ghe", "D"),
        ("low=abc", "EDCBA"),
        ("condition=stolen&sort=chaos", "EDCBA"),
        ("low=90&high=10", ""),
    ],
)
def test_facets_narrow_and_sort(bazaar: Client, asked: str, titles: str) -> None:
    answer = bazaar.get(f"/market?{asked}")
    assert "".join(title[-1] for title in _titles(answer)) == titles


def test_categories_hold_what_is_below_them(bazaar: Client) -> None:
    assert _titles(bazaar.get("/market/c/sports")) == ["Bike E", "Bike D"]
    assert _titles(bazaar.get("/market/c/lamps")) == ["Lamp C", "Lamp B", "Lamp A"]
    assert bazaar.get("/market/c/weapons").status_code == 404


@pytest.mark.parametrize("wrong", ["x", "f", "f1", "f1-1", "q1-" + "0" * 32, "f" + "9" * 40 + "-" + "0" * 32])
def test_a_place_that_is_none_is_said(bazaar: Client, wrong: str) -> None:
    assert bazaar.get(f"/market?{urlencode({'after': wrong})}").status_code == 422


@pytest.mark.parametrize(
    "asked", ["", "sort=cheapest", "sort=dearest", "friends=on", "friends=on&sort=cheapest"]
)
def test_pages_meet_without_a_gap_while_items_come_and_go(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = _seller()
    carol, bob = market.seller(members.member("carol")), members.bob()
    friends.take(member_id=bob.pk, other_id=carol.pk, step=Friendly.REQUEST)
    friends.take(member_id=carol.pk, other_id=bob.pk, step=Friendly.ACCEPT)
    for number in range(60):
        owner = carol if number % 3 else alice
        market.item(owner, f"Item {number}", price=100 + number % 7, listed_ms=1_000 + number % 5)
    browser, seen, path = client_of(bob), [], f"/market?{asked}"
    whole = {f"Item {number}" for number in range(60)}
    while path:
        answer = browser.get(path)
        assert answer.status_code == 200
        seen += _titles(answer)
        market.item(alice, "Newcomer", price=1, listed_ms=10**6)
        found = re.search(r'class="btn quiet" href="([^"]+after[^"]+)"', answer.content.decode())
        path = found[1].replace("&amp;", "&") if found else ""
    old = [title for title in seen if title != "Newcomer"]
    assert len(old) == len(set(old))
    assert set(old) == whole
    if "friends" in asked:
        first = [int(title.split()[1]) % 3 != 0 for title in old]
        assert first == sorted(first, reverse=True)


def test_a_block_hides_what_both_offer(bazaar: Client) -> None:
    alice, bob = User.objects.get(handle="alice"), User.objects.get(handle="bob")
    block(member_id=alice.pk, other_id=bob.pk)
    assert _titles(bazaar.get("/market")) == ["Bike E", "Bike D"]
    own = client_of(alice)
    block(member_id=bob.pk, other_id=User.objects.get(handle="carol").pk)
    assert _titles(bazaar.get("/market")) == []
    assert len(_titles(own.get("/market"))) == 5


@pytest.mark.django_db(transaction=True)
def test_words_find_items_on_every_engine() -> None:
    alice, _ = _seller()
    for title in ("Brass desk lamp", "Road bicycle"):
        index_item(market.item(alice, title, description="Well kept."))
    bob = client_of(members.bob())
    assert _titles(bob.get("/market?q=brass+lmap")) == ["Brass desk lamp"]
    assert _titles(bob.get("/market?q=bycicle&low=1")) == ["Road bicycle"]
    assert _titles(bob.get("/market?q=xylophone")) == []
    assert _titles(bob.get("/market?q=%21%21")) == []


def test_a_heart_is_given_and_taken() -> None:
    alice, _ = _seller()
    item = market.item(alice)
    bob = client_of(members.bob())
    assert bob.post(f"/market/i/{item.pk}/like").status_code == 302
    assert _titles(bob.get("/market/favourites")) == ["Brass desk lamp"]
    part = bob.post(f"/market/i/{item.pk}/unlike", headers={"HX-Request": "true"})
    assert 'aria-pressed="false"' in part.content.decode()
    assert _titles(bob.get("/market/favourites")) == []


def test_own_items_have_what_can_be_done_with_them() -> None:
    alice, browser = _seller()
    item = market.item(alice)
    assert "Pause" in browser.get("/selling/items").content.decode()
    for step, state in (("pause", "inactive_seller"), ("resume", "available"), ("end", "draft")):
        assert browser.post(f"/market/i/{item.pk}/step", {"step": step}).status_code == 302
        assert Item.objects.get().state == state
    assert browser.post(f"/market/i/{item.pk}/step", {"step": "sell_out"}).status_code == 422
    assert browser.post(f"/market/i/{item.pk}/step", {"step": "pause"}).status_code == 409
    assert browser.post(f"/market/i/{item.pk}/delete").status_code == 302
    assert "List your first item" in browser.get("/selling/items").content.decode()


def test_sold_items_show_similar_ones() -> None:
    alice, _ = _seller()
    sold = market.item(alice, "Sold lamp", state=State.SOLD)
    market.item(alice, "Other lamp")
    page = client_of(members.bob()).get(f"/market/i/{sold.pk}", follow=True)
    assert "Sold." in page.content.decode()
    assert _titles(page) == ["Other lamp"]


@pytest.mark.parametrize("path", ["/market", "/market?friends=on", "/market/favourites", "/selling/items"])
def test_statements_do_not_grow_with_the_items(path: str) -> None:
    alice, browser = _seller()

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(path).status_code == 200
        return len(seen)

    for number in range(2):
        market.item(alice, f"Lamp {number}")
    few = count()
    for number in range(18):
        market.item(alice, f"Lamp {number}")
    assert count() == few <= 16


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's own plan")
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("", "market_newest"),
        ("sort=cheapest", "market_by_price"),
        ("region=ghe", "market_region"),
    ],
)
def test_lists_walk_an_index_in_their_order(bazaar: Client, asked: str, index: str) -> None:
    with CaptureQueriesContext(connection) as seen:
        bazaar.get(f"/market?{asked}")
    plans = []
    for each in seen.captured_queries:
        if 'FROM "marketplace_item"' in each["sql"] and "LIMIT" in each["sql"]:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + each["sql"].replace("%", "%%"))
                plans += [str(row[3]) for row in cursor.fetchall()]
    assert any(index in line for line in plans), plans
    assert not any(line.startswith("SCAN marketplace_item") and "INDEX" not in line for line in plans), plans
