"""Messages over the socket of a real server: live, refused, acknowledged, closed."""

import contextlib
import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from beyou.blocks.models import UserBlock
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.core.ports import realtime
from beyou.core.realtime import socket as sockets
from beyou.core.realtime.hub import hub
from beyou.friends.models import Friendship
from beyou.messaging.models import Conversation, Message
from beyou.users.models import MemberSession
from tests.factories import members
from tests.messaging.live import Live, SocketClient, serving
from tests.messaging.test_api import post, wire
from tests.messaging.world import Browser, chat, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.same_everywhere(commits=True)]


@pytest.fixture
def live(settings: Any, tmp_path: Path) -> Iterator[Live]:
    settings.LEDGER_HIGH_WATER = tmp_path / "highwater"
    with serving() as server:
        yield server


def send_text(socket: SocketClient, conversation: Conversation, text: Any, ref: Any = "r") -> str:
    message = str(uuid7())
    draft = {"id": message, "text": text}
    socket.send(type="send", ref=ref, conversation=str(conversation.id), draft=draft)
    return message


def is_alive(socket: SocketClient) -> bool:
    socket.send(type="ping")
    return socket.receive("pong") == {"type": "pong"}


def test_a_message_is_acknowledged_and_appears_on_every_socket_of_both(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    with live.socket(alice) as tab, live.socket(alice) as other_tab, live.socket(bob) as friend:
        for socket in (tab, other_tab, friend):
            assert is_alive(socket)
        message = send_text(tab, conversation, "Hi", ref="r1")
        accepted = tab.receive("accepted")
        assert (accepted["ref"], accepted["id"], accepted["seq"]) == ("r1", message, 1)
        for socket in (tab, other_tab, friend):
            frame = socket.receive("message.new")
            assert (frame["seq"], frame["message"]["text"]) == (1, "Hi")


def test_hello_says_who_and_when(live: Live) -> None:
    alice = members.alice()
    with live.socket(alice) as socket:
        hello = socket.receive("hello")
        assert hello["member"] == str(alice.pk)
        assert abs(hello["server_ms"] - time.time() * 1000) < 60_000


def test_a_sealed_message_travels_with_the_wraps_of_both(live: Live) -> None:
    alice, bob = Browser(members.alice()).publish(), Browser(members.bob()).publish()
    conversation = chat(alice.member, bob.member)
    draft = wire(alice.seal("Sealed", conversation.id, [bob]))
    with live.socket(alice.member) as tab, live.socket(bob.member) as friend:
        assert is_alive(friend)
        tab.send(type="send", ref=1, conversation=str(conversation.id), draft=draft)
        frame = friend.receive("message.new")
        assert frame["message"]["header"] == draft["header"]
        assert {wrap["device"] for wrap in frame["message"]["wraps"]} == {
            str(alice.key_set),
            str(bob.key_set),
        }
        assert frame["message"]["text"] is None


def test_a_stranger_hears_nothing_and_sends_nothing(live: Live) -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    conversation = chat(alice, bob)
    with live.socket(alice) as tab, live.socket(charlie) as stranger:
        assert is_alive(stranger)
        send_text(stranger, conversation, "Let me in")
        refused = stranger.receive("refused")
        stranger.send(type="typing", conversation=str(conversation.id))
        stranger.send(type="receipt", conversation=str(conversation.id), read=1)
        send_text(tab, conversation, "Between us")
        tab.receive("message.new")
        assert refused["problem"]["code"] == "not_found"
        stranger.send(type="ping")
        assert json.loads(stranger.raw.recv(timeout=5)) == {"type": "pong"}
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({"text": "  "}, "empty"),
        ({"text": "x" * 65_537}, "too_long"),
        ({"text": 5}, "invalid"),
        ({"text": "Hello", "colour": "red"}, "invalid"),
        ({"header": "AA=="}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_a_refused_draft_is_answered_and_the_socket_lives(
    live: Live, draft: dict[str, Any], code: str
) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    with live.socket(alice) as tab:
        message = str(uuid7())
        tab.send(type="send", ref="r", conversation=str(conversation.id), draft={"id": message} | draft)
        refused = tab.receive("refused")
        assert (refused["ref"], refused["id"], refused["problem"]["code"]) == ("r", message, code)
        assert is_alive(tab)
    assert not Message.objects.exists()


def test_a_block_holds_at_once(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    with live.socket(alice) as tab:
        send_text(tab, conversation, "Before")
        tab.receive("accepted")
        UserBlock.objects.create(blocker=bob, blocked=alice)
        send_text(tab, conversation, "After")
        assert tab.receive("refused")["problem"]["code"] == "not_found"


def test_the_end_of_a_friendship_holds_at_once(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    with live.socket(alice) as tab:
        send_text(tab, conversation, "Before")
        tab.receive("accepted")
        Friendship.objects.all().delete()
        send_text(tab, conversation, "After")
        assert tab.receive("refused")["problem"]["code"] == "not_friends"


def test_typing_and_receipts_reach_the_other_one(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    say(conversation, alice)
    with live.socket(alice) as tab, live.socket(bob) as friend, live.socket(bob) as second:
        assert is_alive(tab)
        assert is_alive(second)
        friend.send(type="typing", conversation=str(conversation.id))
        assert tab.receive("typing")["member"] == str(bob.pk)
        friend.send(type="receipt", conversation=str(conversation.id), delivered=1, read=1)
        receipt = tab.receive("receipt")
        assert (receipt["member"], receipt["delivered"], receipt["read"]) == (str(bob.pk), 1, 1)
        assert second.receive("badge")["chats"] == 0


def test_a_repeat_over_http_of_what_the_socket_sent_is_one_message(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    with live.socket(alice) as tab:
        message = send_text(tab, conversation, "Once")
        seq = tab.receive("accepted")["seq"]
    again = members.client_of(alice).post(
        f"/api/v1/conversations/{conversation.id}/messages",
        {"id": message, "text": "Once"},
        content_type="application/json",
    )
    assert (again.status_code, again.json()["seq"]) == (200, seq)


# Who may open a socket


@pytest.mark.parametrize("session", ["", "no-such-session", "x" * 4000])
def test_a_visitor_is_told_to_sign_in(live: Live, session: str) -> None:
    with live.socket(session=session) as socket:
        assert socket.close_code() == 4401


def test_a_closed_account_gets_no_socket(live: Live) -> None:
    alice = members.alice()
    client = members.client_of(alice)
    alice.is_active = False
    alice.save()
    with live.socket(session=str(client.session.session_key)) as socket:
        assert socket.close_code() == 4401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://[", "http://127.0.0.1:1", "http://testserver"]
)
def test_a_page_of_another_origin_gets_no_socket(live: Live, origin: str) -> None:
    with live.socket(members.alice(), origin=origin) as socket:
        assert socket.close_code() == 4403


def test_a_sign_out_closes_the_sockets_of_that_session_within_a_second(live: Live) -> None:
    alice = members.alice()
    here, there = members.client_of(alice), members.client_of(alice)
    key, other_key = str(here.session.session_key), str(there.session.session_key)
    with live.socket(session=key) as tab, live.socket(session=other_key) as other:
        assert is_alive(tab)
        assert is_alive(other)
        begin = time.monotonic()
        here.post("/sign-out")
        assert tab.close_code(timeout=2) == 4409
        assert time.monotonic() - begin < 1
        assert is_alive(other)


@pytest.mark.parametrize("end", ["expired", "closed"])
def test_a_session_that_ends_in_silence_loses_its_sockets(
    live: Live, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr("beyou.core.realtime.endpoint.RECHECK_SECONDS", 0.0)
    alice = members.alice()
    key = str(members.client_of(alice).session.session_key)
    with live.socket(session=key) as tab, live.socket(members.bob()) as other:
        assert is_alive(tab)
        if end == "expired":
            long_ago = clock.now() - dt.timedelta(days=31)
            MemberSession.objects.filter(member=alice).update(created_at=long_ago)
        else:
            type(alice).objects.filter(pk=alice.pk).update(is_active=False)
        tab.send(type="ping")
        assert tab.close_code(timeout=2) == 4409
        assert is_alive(other)


# What a socket may do


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "null",
        "[]",
        '"send"',
        "{}",
        '{"type":null}',
        '{"type":["send"]}',
        '{"type":"nothing"}',
        '{"type":"send"}',
        '{"type":"send","ref":' + "[" * 400 + "]" * 400 + ',"draft":{"id":"x","text":"secret"}}',
        '{"type":"send","draft":[]}',
        '{"type":"typing"}',
        '{"type":"typing","conversation":5}',
        '{"type":"receipt","conversation":"x","read":"1"}',
        "\0" * 100,
        '{"a":' * 2000,
        b"\x00\xff",
        b"{}",
    ],
)
def test_garbage_closes_the_socket_with_a_code_and_harms_nobody(live: Live, frame: str | bytes) -> None:
    alice, bob = members.alice(), members.bob()
    with live.socket(alice) as good, live.socket(bob) as bad:
        assert is_alive(good)
        bad.raw.send(frame)
        assert bad.close_code() == 4400
        assert is_alive(good)


def test_text_that_is_not_utf8_closes_the_socket(live: Live) -> None:
    alice = members.alice()
    with live.socket(alice) as bad, live.socket(alice) as good:
        assert is_alive(good)
        bad.raw.send(b"\xff\xfe", text=True)
        assert bad.close_code() == 1007
        assert is_alive(good)


def test_a_frame_that_is_too_large_closes_the_socket(live: Live) -> None:
    with live.socket(members.alice()) as socket:
        socket.raw.send("x" * (sockets.frame_limit() + 1))
        assert socket.close_code() == 4413


def test_the_largest_message_fits_into_a_frame(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    with live.socket(alice) as tab:
        send_text(tab, conversation, "ä" * 32_768)
        assert tab.receive("accepted")["seq"] == 1


def test_a_message_of_many_escapes_throws_nobody_out(live: Live) -> None:
    """Control characters take six bytes in JSON, twice: the frame is longer than the buffer of a socket."""
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    with live.socket(bob) as reader:
        assert is_alive(reader)
        body = {"id": str(uuid7()), "text": "\1" * 65_536}
        assert (
            post(members.client_of(alice), f"/conversations/{conversation.id}/messages", body).status_code
            == 201
        )
        assert len(reader.receive("message.new")["message"]["text"]) == 65_536
        assert is_alive(reader)


def test_a_flood_closes_the_socket(live: Live, settings: Any) -> None:
    settings.FRAMES_PER_SECOND = 20
    alice, bob = members.alice(), members.bob()
    with live.socket(alice) as flood, live.socket(bob) as calm:
        assert is_alive(calm)
        with contextlib.suppress(ConnectionClosed):
            for _ in range(1_000):
                flood.send(type="ping")
        assert flood.close_code() == 4429
        assert is_alive(calm)


def test_a_silent_socket_is_closed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beyou.core.realtime.socket.SILENCE_SECONDS", 0.2)
    monkeypatch.setattr("beyou.core.realtime.hub.SWEEP_SECONDS", 0.1)
    alice = members.alice()
    with serving() as quick, quick.socket(alice) as silent:
        assert silent.close_code(timeout=3) == 4408


def test_a_slow_consumer_is_dropped_and_the_others_do_not_wait(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    payload = json.dumps({"type": "noise", "text": "x" * 60_000}).encode()
    with live.socket(alice) as slow, live.socket(bob) as quick:
        assert is_alive(slow)
        assert is_alive(quick)
        slow.raw.recv_bufsize = 0  # type: ignore[attr-defined]
        # The client library reads by itself; suspending its reader makes it a consumer that does not.
        slow.raw.protocol_mutex.acquire()
        try:
            begin = time.monotonic()
            for _ in range(400):
                realtime.publish([realtime.member_room(alice.pk)], payload)
                realtime.publish([realtime.member_room(bob.pk)], b'{"type":"tick"}')
            for _ in range(400):
                quick.receive("tick")
            assert time.monotonic() - begin < 5
            deadline = time.monotonic() + 10
            while len(hub) > 1 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert len(hub) == 1, "the slow socket still takes memory"
        finally:
            slow.raw.protocol_mutex.release()
        assert is_alive(quick)


def test_nothing_is_left_when_everybody_has_gone(live: Live) -> None:
    alice = members.alice()
    for _ in range(5):
        with live.socket(alice) as socket:
            assert is_alive(socket)
    deadline = time.monotonic() + 5
    while len(hub) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(hub) == 0
    assert hub._rooms == {}
