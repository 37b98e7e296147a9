from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from django.test import Client

from beyou.blocks import services as blocks
from beyou.core.ports import realtime
from beyou.notifications import queries, services
from beyou.notifications.models import Notification
from beyou.notifications.rules import Kind
from beyou.users.models import User
from tests.factories import members
from tests.factories.members import client_of

pytestmark = pytest.mark.django_db


class Heard:
    """Frames that would go to sockets."""

    def __init__(self) -> None:
        self.frames: list[tuple[list[str], Any]] = []

    def publish(self, rooms: Iterable[str], payload: bytes) -> None:
        self.frames.append((list(rooms), orjson.loads(payload)))

    def close(self, rooms: Iterable[str], code: int) -> None:
        raise AssertionError("nothing is to be closed")


def _notify(member: User, actor: User, kind: Kind = Kind.FRIEND_REQUEST) -> None:
    services.notify(member_id=member.pk, kind=kind, actor_id=actor.pk)


def test_an_open_page_is_told_after_the_commit(django_capture_on_commit_callbacks: Any) -> None:
    alice, bob = members.alice(), members.bob()
    heard = Heard()
    usual = realtime.use(heard)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            _notify(alice, bob)
            assert heard.frames == []
    finally:
        realtime.use(usual)
    assert heard.frames == [([realtime.member_room(alice.pk)], {"type": "notification", "unread": 1})]


def test_a_repeat_adds_no_row() -> None:
    alice, bob = members.alice(), members.bob()
    for _ in range(5):
        _notify(alice, bob)
    assert queries.unread_count(alice.pk) == 1


def test_reading() -> None:
    alice, bob, charlie = members.alice(), members.bob(), members.charlie()
    _notify(alice, bob)
    _notify(alice, charlie)
    client = client_of(alice)
    page = client.get("/activity").content.decode()
    assert "Bob Birch" in page
    assert page.count('class="unread"') == 2
    first = Notification.objects.get(actor=charlie)
    assert client.post(f"/activity/{first.id}")["Location"] == "/u/charlie"
    assert queries.unread_count(alice.pk) == 1
    assert client.post("/activity/read").status_code == 302
    assert queries.unread_count(alice.pk) == 0
    assert client.get("/activity").status_code == 200


def test_one_opens_only_ones_own() -> None:
    alice, bob = members.alice(), members.bob()
    _notify(alice, bob)
    row = Notification.objects.get()
    client = client_of(bob)
    assert client.post(f"/activity/{row.id}").status_code == 404
    assert client.get("/api/v1/notifications").json() == {"items": [], "next": None}
    client.post("/activity/read")
    client.post("/api/v1/notifications/read")
    assert queries.unread_count(alice.pk) == 1
    assert Client().get("/activity").status_code == 302


def test_nothing_is_said_about_somebody_blocked() -> None:
    alice, mallory = members.alice(), members.mallory()
    _notify(alice, mallory)
    blocks.block(member_id=alice.pk, other_id=mallory.pk)
    assert queries.unread_count(alice.pk) == 0
    assert "Mallory" not in client_of(alice).get("/activity").content.decode()


def test_pages_follow_each_other() -> None:
    alice = members.alice()
    for actor in members.members(35):
        _notify(alice, actor)
    client = client_of(alice)
    first = client.get("/api/v1/notifications?limit=20").json()
    rest = client.get(f"/api/v1/notifications?limit=20&cursor={first['next']}").json()
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 35
    assert rest["next"] is None
    assert "Show more" in client.get("/activity").content.decode()


@pytest.mark.parametrize("place", ["x", "' OR 1", "00000000-0000-0000-0000-00000000000g"])
def test_a_strange_place_is_told(place: str) -> None:
    client = client_of(members.alice())
    assert client.get("/activity", {"before": place}).status_code == 422
    assert client.get("/api/v1/notifications", {"cursor": place}).status_code == 422
