"""Pages of chats, as a browser without JavaScript gets them."""

import datetime as dt
import html
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.blocks.models import UserBlock
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.friends.models import Friendship
from beyou.messaging import bubbles
from beyou.messaging.models import ConversationMember, Message
from beyou.users.models import User
from tests.factories import members
from tests.messaging.world import Browser, accept, befriend, chat, say

pytestmark = pytest.mark.django_db


def page_of(person: Any, path: str) -> str:
    response = members.client_of(person).get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def initial_messages(page: str) -> list[dict[str, Any]]:
    """The messages that the thread element starts with."""
    found = re.search(r"data-messages='([^']*)'", page)
    assert found is not None
    messages: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return messages


def test_visitors_sign_in_first() -> None:
    conversation = chat(members.alice(), members.bob())
    for path in ("/chats", "/chats/recent", f"/chats/{conversation.id}"):
        response = members.visitor().get(path)
        assert (response.status_code, response["Location"]) == (302, f"/sign-in?next={path}")


def test_an_empty_list_says_what_to_do() -> None:
    page = page_of(members.alice(), "/chats")
    assert "No chats yet" in page
    assert 'href="/friends"' in page


def test_the_list_shows_names_unread_counts_and_the_newest_first() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    old, new = chat(alice, bob), chat(alice, charlie)
    say(old, bob)
    for _ in range(3):
        say(new, charlie)
    page = page_of(alice, "/chats")
    assert page.index("Charlie Cedar") < page.index("Bob Birch")
    assert '3<span class="sr"> unread' in page
    assert '2<span class="sr"> unread chats' in page


def test_the_list_can_be_searched_by_name_and_handle() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    chat(alice, bob)
    chat(alice, charlie)
    assert "Charlie Cedar" not in page_of(alice, "/chats?q=birch")
    assert "Charlie Cedar" in page_of(alice, "/chats?q=CHARLIE")
    assert "Charlie Cedar" in page_of(alice, "/chats?q=CEDAR")
    assert "Nobody called that" in page_of(alice, "/chats?q=mallory")
    assert "Nobody called that" in page_of(alice, "/chats?q=%25")
    assert members.client_of(alice).get("/chats?q=" + "x" * 61).status_code == 422


def test_a_long_list_goes_on() -> None:
    alice = members.alice()
    # New members may not begin so many chats in a day.
    User.objects.filter(pk=alice.pk).update(date_joined=clock.now() - dt.timedelta(days=60))
    for number in range(53):
        chat(alice, members.member(f"friend_{number}", name=f"Friend number {number}"))
    first = page_of(alice, "/chats")
    following = re.search(r'href="(/chats\?cursor=[^"]+)"', first)
    assert following is not None
    second = page_of(alice, html.unescape(following[1]))
    seen = [set(re.findall(r"<b>(Friend number \d+)</b>", page)) for page in (first, second)]
    assert (len(seen[0]), len(seen[1]), seen[0] & seen[1]) == (50, 3, set())
    assert members.client_of(alice).get("/chats?cursor=nonsense").status_code == 422
    assert re.search(r'href="/chats\?cursor=[^"]+&amp;q=number"', page_of(alice, "/chats?q=number"))


def test_a_text_is_sent_and_read_without_javascript() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    path = f"/chats/{conversation.id}"
    client = members.client_of(alice)
    form = {"id": str(uuid7()), "text": "Two lines\r\nand <script>alert(1)</script>"}
    for _ in range(2):
        response = client.post(f"{path}/send", form)
        assert (response.status_code, response["Location"]) == (302, path)
    assert Message.objects.count() == 1
    page = page_of(bob, path)
    assert "and &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    (message,) = initial_messages(page)
    assert message["text"] == "Two lines\nand <script>alert(1)</script>"


def test_no_sign_of_a_text_ends_the_attribute_that_carries_it() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    text = """'><b onclick='x'> " &amp; &#39; </chat-thread> \\u003c \u2028"""
    say(conversation, bob, text)
    page = page_of(alice, f"/chats/{conversation.id}")
    (message,) = initial_messages(page)
    assert message["text"] == text
    assert "<b onclick" not in page
    assert page.count("</chat-thread>") == 1


def test_a_chat_is_marked_as_read_without_javascript() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    for _ in range(3):
        say(conversation, bob)
    path = f"/chats/{conversation.id}"
    assert "Mark as read" in page_of(alice, path)
    client = members.client_of(alice)
    assert client.post(f"{path}/read", {"seq": "x"}).status_code == 422
    assert client.post(f"{path}/read", {"seq": "3"}).status_code == 302
    page = page_of(alice, path)
    assert "Mark as read" not in page
    assert "first-unread" not in page
    assert members.client_of(members.charlie()).post(f"{path}/read", {"seq": "3"}).status_code == 404


@pytest.mark.parametrize(("text", "status"), [("   ", 422), ("x" * 65_537, 413)])
def test_a_refused_text_is_not_lost(text: str, status: int) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    response = members.client_of(alice).post(
        f"/chats/{conversation.id}/send", {"id": str(uuid7()), "text": text}
    )
    assert response.status_code == status
    assert f">{text}</textarea>" in response.content.decode()
    assert 'role="alert"' in response.content.decode()
    assert not Message.objects.exists()


@pytest.mark.parametrize("form", [{}, {"id": "x", "text": "Hello"}, {"text": "Hello"}])
def test_a_broken_form_is_refused(form: dict[str, str]) -> None:
    conversation = chat(alice := members.alice(), members.bob())
    assert members.client_of(alice).post(f"/chats/{conversation.id}/send", form).status_code == 422


def test_others_get_the_page_of_a_missing_chat() -> None:
    conversation = chat(members.alice(), members.bob())
    client = members.client_of(members.charlie())
    for part in ("", "/send"):
        for key in (conversation.id, uuid7()):
            path = f"/chats/{key}{part}"
            response = client.post(path, {"text": "Hi"}) if part else client.get(path)
            assert response.status_code == 404


def test_an_end_to_end_thread_hands_the_browser_what_it_needs() -> None:
    alice, bob = Browser(members.alice()).publish(), Browser(members.bob()).publish()
    conversation = chat(alice.member, bob.member)
    accept(alice.seal("Secret words", conversation.id, [bob]))
    page = page_of(bob.member, f"/chats/{conversation.id}")
    assert "Secret words" not in page
    assert 'data-mode="end_to_end"' in page
    assert "needs JavaScript" in page
    assert '/send"' not in page
    (message,) = initial_messages(page)
    assert (message["mode"], message["text"], len(message["wraps"])) == ("end_to_end", None, 1)


def test_a_thread_opens_at_the_first_unread_message() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    for number in range(1, 131):
        say(conversation, alice, f"Text {number}")
    ConversationMember.objects.filter(member=bob).update(read_seq=40)
    page = page_of(bob, f"/chats/{conversation.id}")
    seqs = [message["seq"] for message in initial_messages(page)]
    assert seqs == list(range(31, 81))
    assert page.index('class="first-unread"') < page.index(">Text 41<")
    assert page.index('class="first-unread"') > page.index(">Text 40<")
    ConversationMember.objects.filter(member=bob).update(read_seq=130)
    newest = page_of(bob, f"/chats/{conversation.id}")
    assert [message["seq"] for message in initial_messages(newest)] == list(range(81, 131))
    assert "first-unread" not in newest
    earlier = page_of(bob, f"/chats/{conversation.id}?before=81")
    assert [message["seq"] for message in initial_messages(earlier)] == list(range(31, 81))
    later = page_of(bob, f"/chats/{conversation.id}?after=80")
    assert [message["seq"] for message in initial_messages(later)] == list(range(81, 131))
    for query in ("?before=x", "?after=-1", "?after=" + "9" * 30):
        assert members.client_of(bob).get(f"/chats/{conversation.id}{query}").status_code == 422


def test_a_chat_with_somebody_who_is_no_friend_any_more_can_be_read_and_not_written() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    say(conversation, bob, "Before")
    Friendship.objects.all().delete()
    page = page_of(alice, f"/chats/{conversation.id}")
    assert "Before" in page
    assert 'data-open="false"' in page
    assert "<textarea" not in page
    assert "no longer friends" in page
    assert "Bob Birch" in page_of(alice, "/chats")
    fields = {"id": str(uuid7()), "text": "My long letter"}
    refused = members.client_of(alice).post(f"/chats/{conversation.id}/send", fields)
    assert refused.status_code == 403
    assert "no longer friends" in refused.content.decode()
    befriend(alice, bob)
    assert members.client_of(alice).post(f"/chats/{conversation.id}/send", fields).status_code == 302


def test_behind_a_block_there_is_no_chat_and_afterwards_it_is_back() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    say(conversation, bob, "Before")
    block = UserBlock.objects.create(blocker=bob, blocked=alice)
    for one in (alice, bob):
        assert members.client_of(one).get(f"/chats/{conversation.id}").status_code == 404
    assert "Bob Birch" not in page_of(alice, "/chats")
    block.delete()
    assert "Before" in page_of(alice, f"/chats/{conversation.id}")
    block = UserBlock.objects.create(blocker=bob, blocked=alice)
    assert "unread chats" not in page_of(alice, "/chats") or "hidden" in page_of(alice, "/chats")


def test_starting_from_a_profile() -> None:
    alice, bob = members.alice(), members.bob()
    client = members.client_of(alice)
    assert client.post("/chats/with/nobody").status_code == 404
    assert client.post("/chats/with/alice").status_code == 404
    assert client.post("/chats/with/bob").status_code == 403
    befriend(alice, bob)
    response = client.post("/chats/with/bob")
    assert response.status_code == 302
    assert client.get(response["Location"]).status_code == 200
    assert client.get("/chats/with/bob").status_code == 405


@pytest.mark.parametrize("kind", ["standard", "sealed"])
def test_a_thread_takes_the_same_few_statements_for_any_history(kind: str) -> None:
    alice, bob = Browser(members.alice()), Browser(members.bob())
    if kind == "sealed":
        alice.publish()
        bob.publish()
    conversation = chat(alice.member, bob.member)
    client, counts, sent = members.client_of(bob.member), [], 0
    for size in (2, 20):
        while sent < size:
            if kind == "sealed":
                draft = alice.seal("Hello", conversation.id, [bob])
                accept(draft)
                alice.accepted(draft)
            else:
                say(conversation, alice.member)
            sent += 1
            chat(bob.member, members.member(f"friend_{sent}"))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/chats/{conversation.id}").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 8, captured.captured_queries


def test_the_list_takes_the_same_few_statements_for_any_length() -> None:
    alice = members.alice()
    client, counts = members.client_of(alice), []
    for size in (2, 20):
        for number in range(size):
            say(chat(alice, friend := members.member(f"friend_{size}_{number}")), friend)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/chats").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 6, captured.captured_queries


@pytest.mark.parametrize(
    "changes", [{"mode": 3}, {"received_ms": 10**18}, {"received_ms": -1}, {"header": b""}, {"body": b""}]
)
def test_a_thread_with_an_impossible_row_is_still_shown(changes: dict[str, Any]) -> None:
    """Whoever edits the database must not keep the members from seeing that it was edited."""
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    altered = say(conversation, bob, "one").message
    say(conversation, bob, "two")
    Message.objects.filter(id=altered).update(**changes)
    assert [each["text"] for each in initial_messages(page_of(alice, f"/chats/{conversation.id}"))][
        1
    ] == "two"


def test_a_number_that_is_markup_in_the_database_stays_text() -> None:
    me = uuid7()
    message = {
        "id": str(uuid7()),
        "sender": str(me),
        "seq": '"><script>',
        "received_ms": 0,
        "erased": False,
        "removed": None,
    }
    drawn = bubbles.bubbles([message | {"text": "one", "damaged": False}], me=me, read_seq=0)
    assert "<script>" not in drawn
    assert "&quot;&gt;&lt;script&gt;" in drawn
