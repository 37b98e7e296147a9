"""A block on the socket: no frame of one of the two reaches the other or is answered otherwise."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from beyou.blocks.services import block
from beyou.core import events
from beyou.core.ids import uuid7
from beyou.core.realtime import frames
from tests.factories import members
from tests.messaging.live import Live, SocketClient, serving
from tests.messaging.test_api import post
from tests.messaging.world import befriend, chat, say

#: type of frame → the fields that it carries. A frame that is missing here fails the suite.
FRAMES: dict[str, tuple[str, ...]] = {
    "ping": (),
    "send": ("ref", "conversation", "draft"),
    "typing": ("conversation",),
    "receipt": ("conversation", "delivered", "read"),
}


def test_every_frame_is_declared() -> None:
    assert set(FRAMES) == set(frames._handlers)


def _frame(kind: str, conversation: object) -> dict[str, Any]:
    fields = {
        "ref": 1,
        "conversation": str(conversation),
        "draft": {"id": str(uuid7()), "text": "Are you there?"},
        "delivered": 2,
        "read": 2,
    }
    return {"type": kind} | {name: fields[name] for name in FRAMES[kind]}


def _frames_until_pong(tab: SocketClient) -> list[dict[str, Any]]:
    """Everything that came before the answer to a ping."""
    tab.send(type="ping")
    found = []
    try:
        while (frame := json.loads(tab.raw.recv(timeout=5)))["type"] != "pong":
            found.append(frame)
    except ConnectionClosed as error:
        raise AssertionError("the socket was closed") from error
    return found


@pytest.fixture
def live(transactional_db: None) -> Iterator[Live]:
    with serving() as server:
        yield server


@pytest.mark.parametrize("role", ["blocked", "blocker"])
def test_no_frame_of_one_reaches_the_other_or_is_answered_otherwise(live: Live, role: str) -> None:
    alice, bob, mallory = members.alice(), members.bob(), members.mallory()
    conversation = chat(alice, mallory)
    say(conversation, alice)
    say(conversation, mallory)
    befriend(bob, alice)
    befriend(bob, mallory)
    block(member_id=alice.pk, other_id=mallory.pk)
    while events.drain():
        pass
    actor, watcher = (mallory, alice) if role == "blocked" else (alice, mallory)
    with live.socket(actor) as acting, live.socket(watcher) as watching:
        _frames_until_pong(acting)
        _frames_until_pong(watching)
        for kind in FRAMES:
            answers = []
            for key in (conversation.id, uuid4()):
                acting.send(**_frame(kind, key))
                # The writer answers from a thread of its own.
                told = [acting.receive("refused")] if kind == "send" else []
                told += [each for each in _frames_until_pong(acting) if each["type"] != "pong"]
                answers.append([{**each, "id": None} for each in told])
            assert answers[0] == answers[1], kind
        client = members.client_of(actor)
        for part, body in (("messages", {"id": str(uuid7()), "text": "x"}), ("receipts", {"read": 2})):
            assert post(client, f"/conversations/{conversation.id}/{part}", body).status_code == 404
        assert client.post(f"/u/{watcher.handle}/friendship", {"step": "request"}).status_code == 404
        client.post("/settings/look", {"accent": "jade", "theme": "dark"})
        client.post("/sign-out")
        assert _frames_until_pong(watching) == []
