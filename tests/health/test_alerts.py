"""Alerts: one for each check, told once for each change, silent when asked, over when it is well again."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import mail

from beyou.audit.models import AuditRecord
from beyou.core import clock, events, schedule, work
from beyou.core.models import OutboxEvent
from beyou.health import checks, queries, services, webhook
from beyou.health.errors import NoSuchCheck
from beyou.health.models import HealthAlert, Silence, WebhookDelivery
from beyou.health.rules import MAX_ATTEMPTS, Check, State
from beyou.notifications.models import Notification
from beyou.users.rules import Level
from tests.factories import members

SECRET = "a secret of thirty-two characters"

pytestmark = pytest.mark.django_db


def _note(state: State, name: str = "disk", detail: str = "Full.") -> None:
    services.note(check=Check(name, state, detail))


def _mails() -> list[str]:
    events.drain()
    subjects = [message.subject for message in mail.outbox]
    mail.outbox.clear()
    return subjects


def test_owners_are_told_once_of_the_beginning_the_worse_and_the_end() -> None:
    owners = [members.staff(), members.staff(handle="second_owner")]
    members.staff(Level.AUDITOR, handle="auditor")
    _note(State.WARNING)
    _note(State.WARNING)
    assert _mails() == ["Disk: warning"] * 2
    assert {row.member_id for row in Notification.objects.filter(kind="health_alert")} == {
        owner.pk for owner in owners
    }
    _note(State.CRITICAL, detail="Fuller.")
    _note(State.CRITICAL, detail="Fuller.")
    assert _mails() == ["Disk: critical"] * 2
    # Better, and not well yet: nothing new to tell, nor when it flaps.
    _note(State.WARNING)
    _note(State.CRITICAL)
    assert _mails() == []
    assert HealthAlert.objects.count() == 1
    _note(State.OK)
    _note(State.OK)
    assert _mails() == ["Disk is well again"] * 2
    alert = HealthAlert.objects.get()
    assert alert.open_key is None
    assert alert.resolved_at is not None
    _note(State.WARNING)
    assert _mails() == ["Disk: warning"] * 2
    assert HealthAlert.objects.count() == 2


def test_a_silent_check_tells_nobody_until_it_is_heard_again() -> None:
    owner = members.staff()
    services.silence(actor_id=owner.pk, check_name="disk", hours=1)
    _note(State.CRITICAL)
    assert _mails() == []
    assert not Notification.objects.exists()
    assert queries.open_alerts() == 1
    _note(State.CRITICAL, name="mail")
    assert _mails() == ["Mail: critical"]
    clock.shift(3_601_000)
    _note(State.CRITICAL)
    assert _mails() == ["Disk: critical"]
    services.silence(actor_id=owner.pk, check_name="disk", hours=4)
    services.silence(actor_id=owner.pk, check_name="disk", hours=0)
    services.silence(actor_id=owner.pk, check_name="disk", hours=0)
    assert not Silence.objects.exists()
    acts = AuditRecord.objects.filter(actor_id=owner.pk).order_by("id").values_list("act", "object_id")
    assert list(acts) == [
        ("health.silenced", "disk"),
        ("health.silenced", "disk"),
        ("health.silence_ended", "disk"),
    ]
    with pytest.raises(NoSuchCheck):
        services.silence(actor_id=owner.pk, check_name="weather", hours=1)


def test_what_ended_while_silent_was_never_told() -> None:
    owner = members.staff()
    services.silence(actor_id=owner.pk, check_name="disk", hours=1)
    _note(State.CRITICAL)
    _note(State.OK)
    assert queries.open_alerts() == 0
    clock.shift(3_601_000)
    _note(State.OK)
    assert _mails() == []


def test_the_jobs_look_and_what_is_broken_and_mended_opens_and_ends_an_alert() -> None:
    """From a parked event to the mail, by the jobs as they run in an instance."""
    members.staff()
    parked = OutboxEvent.objects.create(
        handler="x", event="X", payload={}, created_ms=0, due_ms=clock.now_ms(), parked=True
    )
    schedule.run_due()
    assert "Event outbox: warning" in _mails()
    assert HealthAlert.objects.filter(open_key="outbox").exists()
    looked = set(HealthAlert.objects.values_list("check_name", flat=True))
    assert looked <= {check.name for check in checks.look() if check.state is not State.OK} | {"jobs"}
    parked.delete()
    clock.shift(61_000)
    schedule.run_due()
    assert "Event outbox is well again" in _mails()
    assert not HealthAlert.objects.filter(open_key="outbox").exists()


def test_hostile_text_of_a_server_stays_text() -> None:
    members.staff()
    _note(State.CRITICAL, detail="<script>alert(1)</script>\r\nBcc: all@example.org")
    assert _mails() == ["Disk: critical"]
    _note(State.OK)


@dataclass
class Hook:
    """What a webhook got, and what it answers."""

    port: int = 0
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.got.append((dict(self.headers), body))
            self.send_response(hook.status)
            if hook.status == 302:
                self.send_header("Location", f"http://127.0.0.1:{hook.port}/again")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    with listening() as hook:
        settings.MODE = "development"
        settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{hook.port}/alerts?of=beyou"
        settings.ALERT_WEBHOOK_SECRET = SECRET
        yield hook


def test_the_webhook_gets_signed_alerts(hook: Hook) -> None:
    _note(State.CRITICAL)
    _note(State.CRITICAL)
    _note(State.OK)
    work.run_all()
    assert [json.loads(body)["type"] for _, body in hook.got] == ["health.alert", "health.resolved"]
    headers, body = hook.got[0]
    stamp, _, mac = headers["BeYou-Signature"].partition(",v1=")
    second = stamp.removeprefix("t=")
    assert abs(int(second) - clock.now_ms() / 1000) < 60
    assert mac == hmac.new(SECRET.encode(), second.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert json.loads(body)["check"] == "disk"
    assert headers["BeYou-Delivery"] in {
        str(pk) for pk in WebhookDelivery.objects.values_list("pk", flat=True)
    }
    work.run_all()
    assert len(hook.got) == 2


def test_a_webhook_that_refuses_is_asked_again_later_and_given_up_at_last(hook: Hook) -> None:
    hook.status = 500
    _note(State.CRITICAL)
    moment = 0
    for attempt in range(1, MAX_ATTEMPTS + 1):
        work.run_all()
        assert len(hook.got) == attempt, "one try, then a pause"
        moment += 3_700_000
        clock.shift(moment)
    work.run_all()
    row = WebhookDelivery.objects.get()
    assert (len(hook.got), row.parked, row.last_error) == (MAX_ATTEMPTS, True, "it answered 500")
    hook.status = 204
    _note(State.OK)
    work.run_all()
    assert checks.look(["webhook"])[0].state is State.OK


def test_a_redirect_is_not_followed(hook: Hook) -> None:
    hook.status = 302
    _note(State.CRITICAL)
    work.run_all()
    assert len(hook.got) == 1
    assert WebhookDelivery.objects.get().last_error == "it answered 302"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"]
)
def test_a_private_address_is_refused_outside_development(hook: Hook, settings: Any, host: str) -> None:
    settings.MODE = "production"
    settings.ALERT_WEBHOOK_URL = f"http://{host}:{hook.port}/"
    _note(State.CRITICAL)
    work.run_all()
    assert hook.got == []
    assert WebhookDelivery.objects.get().attempts == 1


PRIVATE = (
    *("10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "224.0.0.1"),
    *("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"),
)


def test_only_addresses_of_the_open_internet_are_public() -> None:
    assert [address for address in PRIVATE if webhook.is_public(address)] == []
    assert webhook.is_public("9.9.9.9")
    assert webhook.is_public("2620:fe::fe")


def test_a_webhook_that_answers_without_end_is_cut(
    hook: Hook, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte at a time, each within the time that a socket waits."""

    def trickle(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client, suppress(OSError):
            client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(200):
                client.sendall(b"x")
                time.sleep(0.05)

    monkeypatch.setattr(webhook, "_DEADLINE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread = threading.Thread(target=trickle, args=[listener])
        thread.start()
        _note(State.CRITICAL)
        began = time.monotonic()
        assert webhook.do_next_delivery()
        assert time.monotonic() - began < 5
        thread.join()
    assert WebhookDelivery.objects.get().last_error == "it answered too slowly"


def test_nothing_is_delivered_where_no_webhook_is_configured() -> None:
    _note(State.CRITICAL)
    assert not WebhookDelivery.objects.exists()


def test_two_workers_deliver_one_body_once(hook: Hook) -> None:
    _note(State.CRITICAL)
    row = WebhookDelivery.objects.get()
    WebhookDelivery.objects.filter(pk=row.pk).update(due_ms=clock.now_ms() + 60_000, attempts=1)
    assert not webhook.do_next_delivery(), "another process has leased it"
    clock.shift(61_000)
    assert webhook.do_next_delivery(), "the other process died, and its lease is over"
    assert len(hook.got) == 1
