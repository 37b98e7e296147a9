"""What requests say on the sockets of a real server, to whom, and that the gate holds there as well."""

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings

from beyou.core import clock
from beyou.core.realtime import frames
from beyou.core.realtime.hub import hub
from beyou.core.realtime.socket import Socket
from beyou.users.models import MemberSession
from beyou.users.rules import Level
from beyou.users.services import mark_unverified, mark_verified
from beyou.verification import services
from beyou.verification.errors import VerificationRequired
from beyou.verification.queries import check_verified
from tests.factories import members, passkeys
from tests.factories.documents import request_of
from tests.messaging.live import Live, SocketClient, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.same_everywhere(commits=True)]
QUEUE = f"/{settings.STAFF_PREFIX}/queue"
MINUTE = 60_000


@pytest.fixture
def live(settings: Any, tmp_path: Path) -> Iterator[Live]:
    settings.LEDGER_HIGH_WATER = tmp_path / "highwater"
    with serving() as server:
        yield server


def _ready(*sockets: SocketClient) -> None:
    for socket in sockets:
        socket.send(type="ping")
        socket.receive("pong")


def _silent(socket: SocketClient, kind: str) -> bool:
    try:
        socket.receive(kind, timeout=0.5)
    except TimeoutError:
        return True
    return False


def test_each_step_is_told_to_the_member_and_to_reviewers_and_to_nobody_else(live: Live) -> None:
    alice, bob = members.alice(), members.bob()
    vera = members.staff(Level.VERIFIER, handle="vera")
    moderator = members.staff(Level.MODERATOR, handle="mod")
    at_work, of_moderator = members.client_of(vera), members.client_of(moderator)
    for browser, status in ((at_work, 200), (of_moderator, 404)):
        assert browser.get(QUEUE).status_code == status
    of_moderator.get(f"/{settings.STAFF_PREFIX}/")
    with (
        live.socket(alice) as applicant,
        live.socket(bob) as friend,
        live.socket(session=at_work.session.session_key or "") as reviewer,
        live.socket(session=of_moderator.session.session_key or "") as other,
        live.socket(vera) as at_home,
    ):
        _ready(applicant, friend, reviewer, other, at_home)
        ids = {"request_id": request_of(alice).pk, "reviewer_id": vera.pk}
        assert applicant.receive("verification") == {"type": "verification", "is_verified": False}
        assert reviewer.receive("queue") == {"type": "queue"}
        services.claim(**ids)
        applicant.receive("verification")
        reviewer.receive("queue")
        before = time.monotonic()
        services.approve(**ids)
        assert applicant.receive("verification") == {"type": "verification", "is_verified": True}
        assert time.monotonic() - before < 1
        for socket in (friend, other, at_home):
            assert _silent(socket, "verification")
            assert _silent(socket, "queue")


@pytest.mark.parametrize("how", ["idle", "absolute"])
def test_a_session_whose_proof_is_old_hears_nothing_of_the_queue(live: Live, how: str) -> None:
    alice, vera = members.alice(), members.staff(Level.VERIFIER, handle="vera")
    passkeys.app(vera)
    browser = members.client_of(vera)
    assert browser.get(QUEUE).status_code == 200
    request = request_of(alice)
    with live.socket(session=browser.session.session_key or "") as reviewer:
        _ready(reviewer)
        services.claim(request_id=request.pk, reviewer_id=vera.pk)
        reviewer.receive("queue")
        if how == "idle":
            clock.shift(60 * MINUTE)
        else:
            # Somebody who works through: the last use is a moment ago, the proof a day.
            MemberSession.objects.filter(member=vera).update(staff_seen_at=clock.now() + dt.timedelta(days=1))
            clock.shift(24 * 60 * MINUTE)
            assert browser.get(QUEUE)["Location"].startswith("/confirm?")
        services.claim(request_id=request.pk, reviewer_id=vera.pk)
        assert _silent(reviewer, "queue")


def test_the_gate_holds_on_a_socket_that_was_open_before(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that asks the one policy, as those of later apps will."""

    async def gated(socket: Socket, frame: frames.Frame) -> None:
        try:
            await hub.read(lambda: check_verified(socket.member_id))
            socket.deliver('{"type":"test.done"}')
        except VerificationRequired as error:
            socket.deliver(orjson.dumps({"type": "test.refused", "problem": error.code}).decode())

    monkeypatch.setitem(frames._handlers, "test.gated", gated)
    dana = members.dana()
    with live.socket(dana) as socket:
        _ready(socket)
        socket.send(type="test.gated")
        assert socket.receive("test.refused")["problem"] == "verification_required"
        mark_verified(member_id=dana.pk)
        socket.send(type="test.gated")
        socket.receive("test.done")
        mark_unverified(member_id=dana.pk)
        socket.send(type="test.gated")
        socket.receive("test.refused")
