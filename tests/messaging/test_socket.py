"""Messages over the socket of a real server: live, refused, acknowledged, closed."""

from collections.abc import Iterator

import pytest

from beyou.core.ids import uuid7
from tests.factories import members
from tests.messaging.live import Live, serving
from tests.messaging.world import chat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live() -> Iterator[Live]:
    with serving() as server:
        yield server


def test_a_message_is_acknowledged_and_appears_on_every_socket_of_both(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    with live.socket(alice) as tab, live.socket(alice) as other_tab, live.socket(bob) as friend:
        for socket in (tab, other_tab, friend):
            socket.receive("hello")
        message = str(uuid7())
        tab.send(
            type="send", ref="r1", conversation=str(conversation.id), draft={"id": message, "text": "Hi"}
        )
        accepted = tab.receive("accepted")
        assert (accepted["ref"], accepted["id"], accepted["seq"]) == ("r1", message, 1)
        for socket in (tab, other_tab, friend):
            frame = socket.receive("message.new")
            assert (frame["seq"], frame["message"]["text"]) == (1, "Hi")
