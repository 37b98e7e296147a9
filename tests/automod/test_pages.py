"""The pages of the automatic help: for moderators alone, without scripts, and without surprises."""

import html
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.automod import queries, rules, services
from beyou.automod.models import WatchedWord
from beyou.automod.rules import Action, Place
from beyou.core import events
from beyou.core.ids import uuid7
from beyou.marketplace import services as market_services
from beyou.marketplace.models import Item, ItemLook
from beyou.marketplace.rules import State, Step
from beyou.users.models import User
from beyou.users.rules import Level
from tests.factories import market, members
from tests.factories.members import client_of, staff
from tests.messaging.world import chat, say
from tests.orders.world import trader

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

HOME = f"/{settings.STAFF_PREFIX}/automatic-help"
HELD = f"{HOME}/held"
WORD = {"pattern": "snake oil", "action": "block", "places": ["items", "messages"], "note": "See the rules"}


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


@pytest.fixture
def desk(mo: User) -> Client:
    return client_of(mo)


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def held(seller: User, title: str = "Bread knife") -> Item:
    matcher = rules.Matcher([rules.Word("k", "knife", Action.HOLD, frozenset(Place))])
    queries.hold(matcher, seconds=3600)
    made = market.item(seller, title, state=State.DRAFT)
    return market_services.take_step(seller_id=seller.pk, item_id=made.pk, step=Step.PUBLISH)


def test_a_word_is_added_changed_and_removed(desk: Client, mo: User) -> None:
    answer = desk.post(HOME, WORD | {"do": "add"})
    assert answer.headers["Location"] == HOME
    row = WatchedWord.objects.get()
    assert (row.places, row.added_by_id) == ({Place.ITEMS, Place.MESSAGES}, mo.pk)
    page = text_of(desk.get(HOME))
    assert "snake oil" in page
    assert "See the rules" in page
    assert "@mo" in page
    path = f"{HOME}/words/{row.pk}"
    assert 'value="snake oil"' in text_of(desk.get(path))
    changed = WORD | {"pattern": "snake*", "version": "1", "do": "save"}
    assert desk.post(path, changed).status_code == 302
    late = desk.post(path, changed | {"pattern": "serpent"})
    assert late.status_code == 422
    assert "Somebody was faster" in text_of(late)
    assert 'value="serpent"' in text_of(late)
    assert desk.post(f"{path}/remove").status_code == 302
    assert not WatchedWord.objects.exists()
    assert "removed a watched word" in text_of(
        client_of(staff(handle="boss")).get(f"/{settings.STAFF_PREFIX}/audit")
    )


def test_a_preview_counts_items_and_saves_nothing(desk: Client) -> None:
    bob = trader("bob")
    for title in ("Snake-OIL", "A lamp", "Fine snake oil"):
        market.item(bob, title)
    market.item(bob, "Snake oil", state=State.DRAFT)
    page = text_of(desk.post(HOME, WORD | {"do": "preview"}))
    assert "<b>2</b> of the last 200 items" in page
    assert 'value="snake oil"' in page
    assert not WatchedWord.objects.exists()
    assert not AuditRecord.objects.filter(act__startswith="word.").exists()


@pytest.mark.parametrize(
    "said",
    [
        {"pattern": ""},
        {"pattern": "***"},
        {"pattern": "a*"},
        {"pattern": "x" * 500},
        {"pattern": "nul\0"},
        {"pattern": "\u202eabc"},
        {"action": "ban"},
        {"action": ""},
        {"places": []},
        {"places": ["everywhere"]},
        {"note": "x" * 500},
        {"version": "many"},
        {"version": "9" * 40},
    ],
)
@pytest.mark.parametrize("act", ["add", "preview", ""])
def test_bad_input_is_explained_and_saves_nothing(desk: Client, said: dict[str, Any], act: str) -> None:
    answer = desk.post(HOME, WORD | said | {"do": act})
    assert answer.status_code == 422
    assert not WatchedWord.objects.exists()


def test_a_pattern_that_is_code_is_words(desk: Client) -> None:
    for pattern in ("(a+)+$", "<script>alert(1)</script>", "{{ settings.SECRET_KEY }}", "=cmd|'/c calc'!A1"):
        assert desk.post(HOME, WORD | {"pattern": pattern, "do": "add"}).status_code == 302
    page = desk.get(HOME).content.decode()
    assert "<script>alert" not in page
    assert "{{ settings.SECRET_KEY }}" in html.unescape(page)
    assert desk.get(f"{HOME}?before=nonsense").status_code == 422


@pytest.mark.parametrize("level", [None, Level.VERIFIER, Level.FINANCE, Level.AUDITOR])
def test_nobody_below_a_moderator_sees_or_does_anything(level: Level | None) -> None:
    item = held(trader("alice"))
    row = services.add_word(actor_id=uuid7(), pattern="x1", action=Action.FLAG, places=frozenset(Place))
    person = staff(level, handle="other") if level else members.bob()
    browser = client_of(person)
    for path in (HOME, HELD, f"{HELD}/{item.pk}", f"{HOME}/words/{row.pk}"):
        assert browser.get(path).status_code in (403, 404), path
    for path in (
        HOME,
        f"{HOME}/words/{row.pk}",
        f"{HOME}/words/{row.pk}/remove",
        f"{HELD}/{item.pk}/let-through",
        f"{HELD}/{item.pk}/send-back",
    ):
        answer = browser.post(path, WORD | {"version": "1", "reason": "No.", "do": "add"})
        assert answer.status_code in (403, 404), path
    assert WatchedWord.objects.get().version == 1
    assert ItemLook.objects.get().waits_since is not None


def test_a_held_item_is_read_and_let_through(desk: Client) -> None:
    alice = trader("alice")
    item = held(alice)
    mine = text_of(client_of(alice).get(f"/market/sell/{item.pk}"))
    assert "Our staff look at it first" in mine
    assert "Bread knife" in text_of(desk.get(HELD))
    page = text_of(desk.get(f"{HELD}/{item.pk}"))
    assert "“knife”" in page
    assert f'name="version" value="{item.version}"' in page
    assert desk.post(f"{HELD}/{item.pk}/let-through", {}).status_code == 422
    answer = desk.post(f"{HELD}/{item.pk}/let-through", {"version": str(item.version)})
    assert answer.headers["Location"] == HELD
    assert client_of(members.bob()).get(f"/market/i/{item.pk}", follow=True).status_code == 200
    assert desk.get(f"{HELD}/{item.pk}").status_code == 404
    assert desk.post(f"{HELD}/{item.pk}/let-through", {"version": "1"}).status_code == 409


def test_a_held_item_is_sent_back_with_a_reason(desk: Client) -> None:
    alice = trader("alice")
    item = held(alice)
    assert desk.post(f"{HELD}/{item.pk}/send-back", {"reason": ""}).status_code == 422
    assert desk.post(f"{HELD}/{item.pk}/send-back", {"reason": "No knives <b>here</b>."}).status_code == 302
    mine = client_of(alice).get(f"/market/sell/{item.pk}").content.decode()
    assert "No knives &lt;b&gt;here&lt;/b&gt;." in mine


def test_moderators_decide_about_nothing_of_their_own_or_of_equals(desk: Client, mo: User) -> None:
    for person in (mo, staff(Level.MODERATOR, handle="other")):
        item = held(market.seller(person))
        assert "Let it through</h2>" not in text_of(desk.get(f"{HELD}/{item.pk}"))
        path = f"{HELD}/{item.pk}/let-through"
        assert desk.post(path, {"version": str(item.version)}).status_code == 404
        item.refresh_from_db()
        assert item.state == State.DRAFT


def test_a_seller_is_told_at_publishing_and_keeps_what_was_typed(desk: Client) -> None:
    alice = trader("alice")
    queries.hold(rules.Matcher([rules.Word("o", "oil", Action.BLOCK, frozenset(Place))]), seconds=3600)
    item = market.item(alice, "Lamp oil", state=State.DRAFT)
    answer = client_of(alice).post(f"/market/i/{item.pk}/step", {"step": "publish"})
    assert answer.status_code == 422
    assert "“oil” is on the list of words" in text_of(answer)
    item.refresh_from_db()
    assert (item.state, item.title) == (State.DRAFT.value, "Lamp oil")
    held_one = held(alice)
    assert held_one.state == State.DRAFT
    said = client_of(alice).post(f"/market/i/{held_one.pk}/step", {"step": "publish"}, follow=True)
    assert "Our staff look at it before others see it" in text_of(said)


def test_a_finding_shows_in_the_queue_and_on_its_page(desk: Client) -> None:
    alice, bob = members.alice(), members.bob()
    queries.hold(rules.Matcher([rules.Word("o", "oil", Action.FLAG, frozenset(Place))]), seconds=3600)
    say(chat(alice, bob), alice, "Good <i>oil</i>")
    while events.drain():
        pass
    queue = text_of(desk.get(f"/{settings.STAFF_PREFIX}/reports"))
    assert "automatic</span>" in queue
    key = next(
        part.partition('"')[0]
        for part in queue.split(f'href="/{settings.STAFF_PREFIX}/reports/')[1:]
        if len(part.partition('"')[0]) == 36
    )
    page = desk.get(f"/{settings.STAFF_PREFIX}/reports/{key}").content.decode()
    assert "Automatic help</b>" in page
    assert "The watched word “oil” stands in it." in html.unescape(page)
    assert "Good &lt;i&gt;oil" in page


def test_the_lists_take_the_same_number_of_statements_for_any_length(desk: Client) -> None:
    alice = trader("alice")
    desk.get(HOME)
    for path in (HOME, HELD):
        counts = []
        for size in (2, 20):
            for number in range(size):
                services.add_word(
                    actor_id=uuid7(),
                    pattern=f"{path[-4:]} {size} {number}",
                    action=Action.FLAG,
                    places=frozenset(Place),
                )
                row = market.item(alice, f"Knife {number}", state=State.DRAFT)
                ItemLook.objects.create(item=row, waits_since=row.created_at, words="“knife”")
            with CaptureQueriesContext(connection) as captured:
                assert desk.get(path).status_code == 200
            counts.append(len(captured))
        assert counts[0] == counts[1], path


def test_a_long_list_of_words_goes_on(desk: Client) -> None:
    for number in range(103):
        services.add_word(
            actor_id=uuid7(), pattern=f"word{number}x", action=Action.FLAG, places=frozenset(Place)
        )
    first = text_of(desk.get(HOME))
    assert "word3x" in first
    assert "word2x" not in first
    following = first.partition('href="?before=')[2].partition('"')[0]
    assert "word2x" in text_of(desk.get(f"{HOME}?before={following}"))


def test_a_refused_message_stays_in_its_field_and_says_why() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    queries.hold(rules.Matcher([rules.Word("o", "oil", Action.BLOCK, frozenset(Place))]), seconds=3600)
    said = {"id": str(uuid7()), "text": "Buy my good oil"}
    answer = client_of(alice).post(f"/chats/{conversation.id}/send", said)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "“oil” is on the list of words" in page
    assert "Buy my good oil</textarea>" in page
