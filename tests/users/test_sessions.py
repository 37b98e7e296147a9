"""Sessions: where they live, when they end, and that what has ended stays ended."""

from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client

from beyou.core import clock
from beyou.core.ports import realtime
from beyou.users import services
from beyou.users.models import MemberSession, SecurityEvent, User
from beyou.users.rules import SecurityKind
from beyou.users.session_store import SessionStore
from tests.factories import members
from tests.factories.members import PASSWORD

pytestmark = pytest.mark.django_db

HOUR = 3600 * 1000
DAY = 24 * HOUR


def is_in(client: Client) -> bool:
    return bool(client.get("/home").status_code == 200)


def digest_of(client: Client) -> str:
    return sha256(str(client.session.session_key).encode()).hexdigest()


class Rooms:
    """Remembers which rooms were closed."""

    def __init__(self) -> None:
        self.closed: list[tuple[str, int]] = []

    def publish(self, rooms: Any, payload: bytes) -> None:
        return None

    def close(self, rooms: Any, code: int) -> None:
        self.closed += [(room, code) for room in rooms]


@pytest.fixture
def rooms() -> Any:
    seen = Rooms()
    usual = realtime.use(seen)
    yield seen
    realtime.use(usual)


def test_a_leaked_table_opens_no_session() -> None:
    client = members.client_of(members.alice())
    key = str(client.session.session_key)
    row = MemberSession.objects.get(ended_at=None)
    assert row.key_digest == sha256(key.encode()).hexdigest()
    assert all(key not in str(value) for value in MemberSession.objects.values_list().get(id=row.id))
    assert SessionStore(row.key_digest).get("_auth_user_id") is None


def test_a_session_belongs_to_its_member_however_it_was_opened() -> None:
    alice = members.alice()
    client = Client()
    client.post("/sign-in", {"login": alice.email, "password": PASSWORD})
    members.client_of(alice)
    assert list(MemberSession.objects.values_list("member_id", flat=True)) == [alice.id, alice.id]


def test_ending_all_others_keeps_one_and_closes_the_sockets_of_the_rest(
    rooms: Rooms, django_capture_on_commit_callbacks: Any
) -> None:
    alice, bob = members.alice(), members.bob()
    mine, other, third, bobs = (members.client_of(one) for one in (alice, alice, alice, bob))
    others = {realtime.digest_room(digest_of(one)) for one in (other, third)}
    with django_capture_on_commit_callbacks(execute=True):
        assert services.end_sessions(member_id=alice.id, except_key_digest=digest_of(mine)) == 2
    assert [is_in(one) for one in (mine, other, third, bobs)] == [True, False, False, True]
    assert set(rooms.closed) == {(room, 4409) for room in others}
    assert services.end_sessions(member_id=alice.id) == 1
    assert services.end_sessions(member_id=alice.id) == 0
    assert not is_in(mine)
    assert services.end_sessions(member_id=uuid4()) == 0


def test_nothing_of_an_ended_session_can_be_read_or_written_again() -> None:
    alice = members.alice()
    client = members.client_of(alice)
    late = SessionStore(client.session.session_key)
    assert late["_auth_user_id"] == str(alice.id)
    services.end_sessions(member_id=alice.id)
    late["draft"] = "x"
    with pytest.raises(UpdateError):
        late.save()
    assert MemberSession.objects.get(member=alice).data == ""


def test_a_closed_account_has_no_way_in_and_an_opened_one_starts_anew(
    rooms: Rooms, django_capture_on_commit_callbacks: Any
) -> None:
    alice = members.alice()
    client = members.client_of(alice)
    with django_capture_on_commit_callbacks(execute=True):
        services.close_account_access(member_id=alice.id)
    assert not is_in(client)
    assert (realtime.member_room(alice.id), 4409) in rooms.closed
    services.open_account_access(member_id=alice.id)
    assert User.objects.get().is_active
    assert not is_in(client)
    assert is_in(members.client_of(alice))


@pytest.mark.parametrize(
    ("step", "status"),
    [(13 * DAY, 200), (15 * DAY, 302), (DAY, 200), (-DAY, 200), (-400 * DAY, 200)],
)
def test_a_session_idles_for_so_long_and_a_stepping_clock_signs_nobody_out(step: int, status: int) -> None:
    client = members.client_of(members.alice())
    clock.shift(step)
    assert client.get("/home").status_code == status


def test_use_keeps_a_session_but_not_beyond_its_absolute_end() -> None:
    alice = members.alice()
    client = members.client_of(alice)
    for day in range(0, 30, 5):
        clock.shift(day * DAY)
        assert is_in(client)
        session = client.session
        session["x"] = day
        session.save()
    clock.shift(30 * DAY)
    assert not is_in(client)


def test_a_new_sign_in_in_the_same_browser_begins_anew() -> None:
    alice, bob = members.alice(), members.bob()
    client = members.client_of(alice)
    clock.shift(13 * DAY)
    client.force_login(bob, backend="beyou.users.backends.MemberBackend")
    clock.shift(26 * DAY)
    assert is_in(client)
    assert [row.ended_at is None for row in MemberSession.objects.order_by("created_at")] == [False, True]


def test_a_visitors_session_leaves_no_row_behind() -> None:
    client = Client()
    client.post("/sign-in", {"login": "nobody@example.org", "password": "wrong"})
    store = SessionStore()
    store["x"] = 1
    store.save()
    store.flush()
    assert not MemberSession.objects.filter(member=None, data="").exists()
    assert SessionStore("no such key").get("x") is None


def test_the_log_holds_what_happened_from_where() -> None:
    alice = members.alice()
    where = services.SignInAttempt(
        "/x", "192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", "d" * 64
    )
    services.note_security(
        member_id=alice.id, kind=SecurityKind.FACTOR_ADDED, attempt=where, subject="My key " * 50
    )
    services.note_security(member_id=alice.id, kind=SecurityKind.EMAIL_CHANGED)
    first, second = (SecurityEvent.objects.get(kind=kind) for kind in ("factor_added", "email_changed"))
    assert (first.kind, first.address, first.device) == ("factor_added", "192.0.2.7", "Firefox on Linux")
    assert len(first.subject) == 100
    assert (second.address, second.device) == (None, "")
