"""Read receipts are mutual, and nobody begins a chat with who does not want one."""

from typing import Any

import orjson
import pytest

from beyou.core.ports import realtime
from beyou.messaging import services
from beyou.messaging.errors import TakesNoChats
from beyou.users import services as users
from beyou.users.models import User
from beyou.users.rules import Writers
from tests.factories import members
from tests.messaging.world import befriend, chat, say

pytestmark = pytest.mark.django_db


class Recorder(realtime.NoSockets):
    """What would have gone to whom."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def publish(self, rooms: Any, frame: bytes) -> None:
        self.sent += [(room, orjson.loads(frame)) for room in rooms]

    def receipts_of(self, person: User) -> list[tuple[int, int]]:
        room = realtime.member_room(person.pk)
        return [(f["delivered"], f["read"]) for to, f in self.sent if to == room and f["type"] == "receipt"]


@pytest.fixture
def recorder() -> Any:
    found = Recorder()
    realtime.use(found)
    yield found
    realtime.use(realtime.NoSockets())


def _peer_read(person: User, conversation_id: object) -> int:
    client = members.client_of(person)
    seen = client.get(f"/api/v1/conversations/{conversation_id}").json()
    listed = client.get("/api/v1/conversations").json()["items"][0]
    page = client.get(f"/chats/{conversation_id}").content.decode()
    assert seen["peer_read"] == listed["peer_read"]
    assert f'data-peer-read="{seen["peer_read"]}"' in page
    return int(seen["peer_read"])


@pytest.mark.parametrize("alice_shows", [True, False], ids=["alice shows", "alice hides"])
@pytest.mark.parametrize("bob_shows", [True, False], ids=["bob shows", "bob hides"])
def test_what_was_read_shows_only_when_both_show_it(
    recorder: Recorder,
    alice_shows: bool,  # noqa: FBT001  (a parameter of the test)
    bob_shows: bool,  # noqa: FBT001  (a parameter of the test)
) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    users.change_privacy(member_id=alice.pk, read_receipts=alice_shows)
    users.change_privacy(member_id=bob.pk, read_receipts=bob_shows)
    for number in range(3):
        say(conversation, alice, str(number))
    services.mark(member_id=bob.pk, conversation_id=conversation.id, delivered=3, read=0)
    services.mark(member_id=bob.pk, conversation_id=conversation.id, delivered=3, read=3)
    both = alice_shows and bob_shows
    assert _peer_read(alice, conversation.id) == (3 if both else 0)
    assert recorder.receipts_of(alice) == ([(3, 0), (3, 3)] if both else [(3, 0)])
    # Bob's own tabs always agree on what he has read.
    assert recorder.receipts_of(bob) == [(3, 0), (3, 3)]
    assert members.client_of(bob).get(f"/api/v1/conversations/{conversation.id}").json()["unread"] == 0


def test_reading_that_also_delivers_says_only_that(recorder: Recorder) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    users.change_privacy(member_id=bob.pk, read_receipts=False)
    say(conversation, alice, "Hello")
    services.mark(member_id=bob.pk, conversation_id=conversation.id, delivered=1, read=1)
    assert recorder.receipts_of(alice) == [(1, 0)]


def test_turning_it_on_again_shows_it_again() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    users.change_privacy(member_id=alice.pk, read_receipts=False)
    say(conversation, alice, "Hello")
    services.mark(member_id=bob.pk, conversation_id=conversation.id, delivered=1, read=1)
    assert _peer_read(alice, conversation.id) == 0
    users.change_privacy(member_id=alice.pk, read_receipts=True)
    assert _peer_read(alice, conversation.id) == 1


def test_nobody_begins_a_chat_with_who_wants_none() -> None:
    alice, bob = members.alice(), members.bob()
    befriend(alice, bob)
    users.change_privacy(member_id=bob.pk, written_by=Writers.NOBODY)
    with pytest.raises(TakesNoChats):
        services.start_conversation(starter_id=alice.pk, other_id=bob.pk)
    client = members.client_of(alice)
    answer = client.post("/api/v1/conversations", {"member": str(bob.pk)}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "takes_no_chats")
    assert client.post("/chats/with/bob").status_code == 403
    # Bob himself may begin one, and then it goes on in both directions.
    started = services.start_conversation(starter_id=bob.pk, other_id=alice.pk)
    assert (
        services.start_conversation(starter_id=alice.pk, other_id=bob.pk).conversation == started.conversation
    )
    say(started.conversation, alice, "Hello")
