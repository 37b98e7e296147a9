"""Saved searches: kept, changed and matched; told once for ever, and only of what the page would show."""

import datetime as dt
import random
import threading
from itertools import product
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.blocks.services import block, unblock
from beyou.core import clock, schedule
from beyou.core.errors import InvalidInput, NotFound, RateLimited
from beyou.core.ids import uuid7
from beyou.marketplace import services
from beyou.marketplace.models import Category, Item, NewlyListed, SavedSearch, SearchHit, SearchKey
from beyou.marketplace.queries import browse
from beyou.marketplace.queries.details import details_of
from beyou.marketplace.queries.searches import saved_searches
from beyou.marketplace.rules import MOST_SEARCHES, Condition, Delivery, State, Step
from beyou.marketplace.services import change_search, delete_search, look_at, match_new, save_search
from beyou.marketplace.services.index import index_item
from beyou.marketplace.wanted import Sort, Wanted, packed, unpacked
from beyou.notifications.models import Notification
from beyou.notifications.rules import Kind
from beyou.notifications.services import mark_read
from beyou.users.models import User
from tests.factories import market, members
from tests.factories.members import client_of

# Committed, because MariaDB finds words by its index only then.
pytestmark = pytest.mark.django_db(transaction=True)
LAMP = Wanted(text="lamp")


def _listed(owner: User, title: str = "Brass desk lamp", **fields: Any) -> Item:
    item = market.item(owner, title, **fields)
    index_item(item)
    return item


def _notices(member: User) -> int:
    return Notification.objects.filter(member=member, kind=Kind.SEARCH_HIT).count()


def _seller() -> User:
    return market.seller(members.alice())


def test_a_search_is_saved_on_the_page_and_told_of_once() -> None:
    alice, bob = _seller(), members.bob()
    browser = client_of(bob)
    shown = browser.get("/market?q=lamp&low=10").content.decode()
    assert "Save this search" in shown
    assert 'name="question" value="q=lamp&amp;low=10"' in shown
    saved = browser.post("/market/searches/save", {"name": " My  lamp ", "question": "q=lamp&low=10"})
    assert saved.headers["Location"] == "/market?q=lamp&low=10.00"
    page = browser.get("/market/searches").content.decode()
    assert "My lamp" in page
    assert "“lamp” · from €10" in page
    _listed(alice)
    _listed(alice, "Cheap lamp", price=999)
    assert match_new() == 1
    assert _notices(bob) == 1
    assert "1 new" in browser.get("/market/searches").content.decode()
    notice = Notification.objects.get(member=bob)
    assert browser.post(f"/activity/{notice.pk}").headers["Location"] == "/market/searches"
    search = SavedSearch.objects.get()
    opened = browser.post(f"/market/searches/{search.pk}/open")
    assert "Brass desk lamp" in browser.get(opened.headers["Location"]).content.decode()
    assert " new</span>" not in browser.get("/market/searches").content.decode()
    assert match_new() == 0


def test_a_search_is_renamed_switched_and_deleted() -> None:
    alice, bob = _seller(), members.bob()
    browser = client_of(bob)
    search = save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    browser.post(f"/market/searches/{search.pk}/rename", {"name": "Lights"})
    browser.post(f"/market/searches/{search.pk}/alerts", {})
    search.refresh_from_db()
    assert (search.name, search.alerts) == ("Lights", False)
    _listed(alice)
    assert match_new() == 0
    assert "Tell me again" in browser.get("/market/searches").content.decode()
    browser.post(f"/market/searches/{search.pk}/alerts", {"on": "1"})
    _listed(alice, "Tin lamp")
    assert match_new() == 1
    assert browser.post(f"/market/searches/{search.pk}/delete").status_code == 302
    assert "No saved searches yet" in browser.get("/market/searches").content.decode()
    assert browser.post(f"/market/searches/{search.pk}/delete").status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x07b", "a\ud800b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    bob = members.bob()
    with pytest.raises(InvalidInput, match="name"):
        save_search(member_id=bob.pk, name=name, wanted=LAMP)
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(sort=Sort.DEAREST),
        Wanted(friends_first=True),
        Wanted(text="!!"),
        Wanted(category="no"),
    ],
)
def test_what_looks_for_nothing_is_not_saved(wanted: Wanted) -> None:
    with pytest.raises(InvalidInput):
        save_search(member_id=members.bob().pk, name="All", wanted=wanted)


def test_the_same_search_is_saved_once_and_there_is_a_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beyou.core.limits.check", lambda *_: None)
    bob = members.bob()
    one = Wanted(text="lamp", conditions=("new", "good"))
    first = save_search(member_id=bob.pk, name="One", wanted=one)
    again = save_search(member_id=bob.pk, name="Two", wanted=Wanted(text="lamp", conditions=("good", "new")))
    assert (again.pk, again.name) == (first.pk, "One")
    for number in range(MOST_SEARCHES - 1):
        save_search(member_id=bob.pk, name="More", wanted=Wanted(text=f"lamp {number}"))
    with pytest.raises(InvalidInput, match="the most"):
        save_search(member_id=bob.pk, name="More", wanted=Wanted(text="mug"))
    save_search(member_id=members.charlie().pk, name="Mine", wanted=one)


def test_saving_is_limited() -> None:
    bob = members.bob()
    for _ in range(60):
        save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    with pytest.raises(RateLimited):
        save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)


def test_others_cannot_touch_a_search() -> None:
    bob, charlie = members.bob(), members.charlie()
    search = save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    for act in (
        lambda who: change_search(member_id=who, search_id=search.pk, name="Mine"),
        lambda who: change_search(member_id=who, search_id=search.pk),
        lambda who: look_at(member_id=who, search_id=search.pk),
        lambda who: delete_search(member_id=who, search_id=search.pk),
    ):
        with pytest.raises(NotFound):
            act(charlie.pk)
    search.refresh_from_db()
    assert search.name == "Lamps"
    assert saved_searches(charlie.pk) == []


def test_one_notice_stands_for_many_hits_and_none_comes_twice() -> None:
    alice, bob, charlie = _seller(), members.bob(), members.charlie()
    for person in (bob, charlie):
        save_search(member_id=person.pk, name="Lamps", wanted=LAMP)
        save_search(member_id=person.pk, name="Brass", wanted=Wanted(text="brass"))
    items = [_listed(alice, f"Brass lamp {number}") for number in range(5)]
    assert match_new() == 10
    assert (_notices(bob), _notices(charlie)) == (1, 1)
    assert sum(each.fresh for each in saved_searches(bob.pk)) == 5
    mark_read(member_id=bob.pk)
    for item in items:
        index_item(item)
        services.take_step(seller_id=alice.pk, item_id=item.pk, step=Step.PAUSE)
        Item.objects.filter(pk=item.pk).update(state=State.AVAILABLE)
        index_item(item)
    assert match_new() == 0
    assert _notices(bob) == 1
    # A search that is deleted and saved again has not forgotten, either.
    for search in SavedSearch.objects.filter(member=bob):
        delete_search(member_id=bob.pk, search_id=search.pk)
    save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    index_item(items[0])
    assert match_new() == 0


def test_a_change_that_makes_an_item_fit_is_told() -> None:
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Cheap lamps", wanted=Wanted(text="lamp", high=4_000))
    item = _listed(alice)
    assert match_new() == 0
    details = details_of(item)
    services.save_item(
        seller_id=alice.pk, item_id=item.pk,
        details=type(details)(**{**_fields(details), "price_minor": 3_900}),
    )  # fmt: skip
    assert match_new() == 1


def _fields(details: Any) -> dict[str, Any]:
    return {name: getattr(details, name) for name in details.__dataclass_fields__}


def test_publishing_tells_and_drafts_do_not() -> None:
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    item = _listed(alice, state=State.DRAFT)
    assert match_new() == 0
    services.take_step(seller_id=alice.pk, item_id=item.pk, step=Step.PUBLISH)
    assert NewlyListed.objects.count() == 1
    assert match_new() == 1


@pytest.mark.parametrize("state", [State.INACTIVE_SELLER, State.INACTIVE_STAFF, State.SOLD, State.DRAFT])
def test_what_is_gone_before_the_look_is_not_told(state: State) -> None:
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    item = _listed(alice)
    Item.objects.filter(pk=item.pk).update(state=state)
    assert match_new() == 0
    assert _notices(bob) == 0


def test_blocks_own_items_and_closed_accounts_are_respected() -> None:
    alice, bob = _seller(), members.bob()
    for person in (alice, bob):
        save_search(member_id=person.pk, name="Lamps", wanted=LAMP)
    _listed(alice, "One lamp")
    assert match_new() == 1
    assert _notices(alice) == 0
    for one, other in ((alice, bob), (bob, alice)):
        block(member_id=one.pk, other_id=other.pk)
        _listed(alice, f"Lamp of {one.handle}")
        assert match_new() == 0
        unblock(member_id=one.pk, other_id=other.pk)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    _listed(alice, "Lamp for nobody")
    assert match_new() == 0
    User.objects.filter(pk=bob.pk).update(is_active=True)
    User.objects.filter(pk=alice.pk).update(deletion_due_at=clock.now() + dt.timedelta(days=1))
    index_item(Item.objects.first())  # type: ignore[arg-type]
    assert match_new() == 0


def test_who_may_not_look_at_the_market_hears_nothing(settings: Any) -> None:
    alice, dana, bob = _seller(), members.dana(), market.seller(members.bob())
    for person in (dana, bob):
        save_search(member_id=person.pk, name="Lamps", wanted=LAMP)
    settings.MARKET_BROWSING = "verified"
    _listed(alice)
    assert match_new() == 1
    assert (_notices(dana), _notices(bob)) == (0, 1)
    assert client_of(dana).get("/market/searches").status_code == 403


def test_a_hit_behind_a_later_block_is_no_longer_counted() -> None:
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    _listed(alice)
    match_new()
    assert saved_searches(bob.pk)[0].fresh == 1
    block(member_id=alice.pk, other_id=bob.pk)
    assert saved_searches(bob.pk)[0].fresh == 0


@pytest.mark.parametrize(
    ("text", "title", "hits"),
    [
        ("lamp", "Brass LAMP", 1),
        ("lam", "Brass lamp", 1),
        ("lmap", "Brass lamp", 1),
        ("bycicle", "Road bicycle", 1),
        ("theremn", "Theremin kit", 1),
        ("brass lamp", "Lamp of brass", 1),
        ("brass lamp", "Lamp of tin", 0),
        ("lampshades", "Lamp", 0),
        ("été", "Ete", 1),
        ("guitar", "Piano", 0),
    ],
)
def test_words_are_told_as_the_page_finds_them(text: str, title: str, hits: int) -> None:
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Words", wanted=Wanted(text=text))
    _listed(alice, title, description="As new.")
    assert match_new() == hits
    found = browse.card_page(bob.pk, Wanted(text=text), browse.tree())
    assert len(found.items) == hits


def test_alerts_agree_with_the_page_on_random_markets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beyou.core.limits.check", lambda *_: None)
    dice = random.Random(4)
    alice, bob, carol = _seller(), members.bob(), market.seller(members.member("carol"))
    market.category("lamps", "home")
    market.category("bicycles", "sports")
    searches = []
    texts, regions = ("", "lamp", "lmap", "old lamp", "bike"), ("", "ut", "Utrecht", "gh")
    for _ in range(MOST_SEARCHES):
        wanted = Wanted(
            text=dice.choice(texts),
            category=dice.choice(("", "home", "lamps", "sports")),
            low=dice.choice((None, 1_000, 3_000)),
            high=dice.choice((None, 3_000, 9_000)),
            conditions=dice.choice(((), ("new",), ("good", "new"))),
            delivery=dice.choice(("", "sent", "collected")),
            region=dice.choice(regions),
        )
        if wanted.is_narrow or wanted.category:
            searches.append(save_search(member_id=bob.pk, name="Any", wanted=wanted))
    assert len(searches) > 20
    for owner, title in product((alice, carol, bob), ("Old lamp", "New lamp", "Old bike")):
        _listed(
            owner,
            title,
            price=dice.choice((500, 1_000, 3_000, 9_000, 9_001)),
            condition=dice.choice((Condition.NEW, Condition.GOOD, Condition.FAIR)),
            region=dice.choice(("Utrecht", "Ghent")),
            category=Category.objects.get(slug=dice.choice(("lamps", "bicycles"))),
            deliveries=dice.choice((((Delivery.PICKUP, 0),), ((Delivery.PARCEL, 1),))),
        )
    block(member_id=carol.pk, other_id=bob.pk)
    match_new()
    told = set(SearchHit.objects.filter(member=bob).values_list("item_id", flat=True))
    shown = {
        card.item.id
        for search in searches
        for card in browse.card_page(bob.pk, unpacked(search.wanted), browse.tree(), limit=100).items
        if not card.is_own
    }
    assert told == shown
    assert told


def test_what_is_stored_is_what_was_wanted() -> None:
    wanted = Wanted("lamp", "home", 1, 2, ("good", "new"), "sent", "Ghent", Sort.CHEAPEST, True)
    assert unpacked(packed(wanted)) == wanted
    assert unpacked({"text": "lamp", "later": 1}) == LAMP
    assert packed(Wanted()) == {}


def test_the_work_is_that_of_what_is_likely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred searches for other things cost an item not one statement more."""
    monkeypatch.setattr("beyou.core.limits.check", lambda *_: None)
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)

    def statements() -> int:
        _listed(alice, f"Lamp {Item.objects.count()}")
        with CaptureQueriesContext(connection) as seen:
            assert match_new() == 1
        return len(seen)

    # The first one makes the notice that the others renew.
    statements()
    few = statements()
    for number in range(8):
        person = members.member(f"person_{number}")
        for other in range(25):
            text = f"{'abcdefgh'[number]}quartz{'klmnopqrstuvwxyzabcdefghi'[other]}zither"
            save_search(member_id=person.pk, name="Other", wanted=Wanted(text=text))
    assert SearchKey.objects.count() > 1_000
    assert statements() == few


def test_two_processes_tell_once() -> None:
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    for number in range(5):
        _listed(alice, f"Lamp {number}")
    failed: list[Exception] = []
    barrier = threading.Barrier(3)

    def run() -> None:
        try:
            barrier.wait(timeout=20)
            match_new()
        except Exception as error:
            failed.append(error)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One that lost may have to come back, as the job does; nothing is told twice by it.
    match_new()
    assert SearchHit.objects.count() == 5
    assert _notices(bob) == 1
    assert not NewlyListed.objects.exists()
    assert all("lock" in str(error).lower() or "deadlock" in str(error).lower() for error in failed), failed


def test_the_job_returns_by_itself() -> None:
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    _listed(alice)
    schedule.run_due()
    assert _notices(bob) == 1


def test_an_erasure_takes_searches_hits_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = _seller(), members.bob()
    save_search(member_id=bob.pk, name="Lamps", wanted=LAMP)
    _listed(alice)
    match_new()
    _listed(alice, "Another lamp")
    services.erase_member(member_id=bob.pk)
    assert not SavedSearch.objects.exists()
    assert not SearchKey.objects.exists()
    assert not SearchHit.objects.exists()
    assert match_new() == 0
    services.erase_member(member_id=alice.pk)
    assert not NewlyListed.objects.exists()


def test_searches_through_the_api() -> None:
    bob = client_of(members.bob())
    market.category()
    made = _json(bob, "post", "/api/v1/market/searches", {
        "name": "Lamps", "q": "lamp", "category": "home", "low": 1_000, "conditions": ["new", "good"],
        "delivery": "sent", "region": "Ghent", "sort": "cheapest", "friends_first": True,
    })  # fmt: skip
    assert made.status_code == 200, made.content
    body = made.json()
    assert body["conditions"] == ["good", "new"]
    assert body["alerts"] is True
    assert body["new"] == 0
    assert bob.get(body["address"]).status_code == 200
    path = f"/api/v1/market/searches/{body['id']}"
    changed = _json(bob, "put", path, {"name": "Lights", "alerts": False}).json()
    assert (changed["name"], changed["alerts"]) == ("Lights", False)
    assert _json(bob, "put", path, {}).json() == changed
    assert _json(bob, "post", f"{path}/look", {}).status_code == 204
    assert bob.get("/api/v1/market/searches").json()["items"] == [changed]
    other = client_of(members.charlie())
    assert other.get("/api/v1/market/searches").json()["items"] == []
    for method, where in (("put", path), ("post", f"{path}/look"), ("delete", path)):
        assert _json(other, method, where, {}).status_code == 404
    assert _json(bob, "delete", path, {}).status_code == 204
    assert _json(bob, "delete", path, {}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "x", "q": "lamp", "low": -1},
        {"name": "x", "q": "lamp", "low": "1"},
        {"name": "x", "q": "lamp", "conditions": ["stolen"]},
        {"name": "x", "q": "lamp", "more": 1},
        {"name": "x", "q": "y" * 101},
        {"name": "", "q": "lamp"},
        {"name": 5, "q": "lamp"},
    ],
)
def test_hostile_bodies_are_refused(body: dict[str, Any]) -> None:
    bob = client_of(members.bob())
    assert _json(bob, "post", "/api/v1/market/searches", body).status_code == 422
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "x", "question": "q=" + "%F0%9F%92%A1" * 100},
        {"name": "x", "question": "&&&=&q"},
        {"name": "x", "question": "q=lamp&low=abc&condition=stolen&after=f1"},
        {"name": "x", "question": "q=" + "y" * 5_000},
        {"name": "<b>x</b>", "question": "q=lamp", "category": "<script>"},
        {"question": "q=lamp"},
        {},
    ],
)
def test_hostile_forms_are_never_a_fault(sent: dict[str, str]) -> None:
    bob = client_of(members.bob())
    assert bob.post("/market/searches/save", sent).status_code in (302, 422)
    assert bob.get("/market/searches").status_code == 200
    assert bob.post(f"/market/searches/{uuid7()}/open").status_code == 404


def _json(client: Client, method: str, path: str, body: dict[str, Any]) -> Any:
    return getattr(client, method)(path, body, content_type="application/json")
