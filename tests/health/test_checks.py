"""Each check is given what it must see, and then has it taken away again."""

import datetime as dt
import shutil
import socket
import sqlite3
import ssl
import threading
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.cache import cache
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder

from beyou.core import clock, schedule
from beyou.core.ids import uuid7
from beyou.core.models import OutboxEvent, ScheduledJob
from beyou.health import checks, services
from beyou.health.models import BackupRecord, WebhookDelivery
from beyou.health.rules import DAY, HOUR, TITLES, Check, State
from beyou.ledger import services as ledger
from beyou.ledger.models import VerificationRun
from beyou.moderation.rules import Reason
from beyou.payments.models import Account, GatewayTask, MoneyAlert
from beyou.reports.models import Case
from beyou.reports.rules import Target
from beyou.reports.services import report
from tests.disputes.rows import bare_claim
from tests.engines.servers import free_port
from tests.factories import members
from tests.factories.documents import request_of
from tests.ledger.log import Log, source_of
from tests.orders.world import bare_order

pytestmark = pytest.mark.django_db


def _found(name: str) -> Check:
    (check,) = checks.look([name])
    return check


def _state(name: str) -> State:
    return _found(name).state


def test_every_check_is_made_and_has_a_runbook(settings: Any) -> None:
    assert [check.name for check in checks.look()] == list(TITLES)
    text = (settings.BASE_DIR / "docs" / "howto" / "health.md").read_text()
    assert [title for title in TITLES.values() if f"\n## {title}\n" not in text] == []


def test_a_database_that_does_not_answer_is_critical_and_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _state("database") is State.OK
    visitor = members.visitor()
    assert visitor.get("/healthz/ready").json() == {"database": "ok", "migrations": "ok", "cache": "ok"}

    def broken() -> None:
        raise ConnectionError("password=secret")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", broken)
        found = _found("database")
        assert found.state is State.CRITICAL
        assert "secret" not in found.detail
        answer = visitor.get("/healthz/ready")
        assert answer.status_code == 503
        assert answer.json()["database"] == "failed"
        assert visitor.get("/healthz/live").status_code == 200
    assert visitor.get("/healthz/ready").status_code == 200


def test_a_migration_that_is_missing_is_critical_and_not_ready() -> None:
    assert _state("migrations") is State.OK
    MigrationRecorder(connection).record_unapplied("health", "0001_initial")
    found = _found("migrations")
    assert found.state is State.CRITICAL
    assert "health.0001_initial" in found.detail
    assert members.visitor().get("/healthz/ready").status_code == 503
    MigrationRecorder(connection).record_applied("health", "0001_initial")
    assert _state("migrations") is State.OK


def test_nobody_but_get_asks_whether_it_is_ready() -> None:
    assert members.visitor().post("/healthz/ready").status_code == 405


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Path]:
    """A second database that has the jobs' table and is told nothing."""
    file = tmp_path / "replica.sqlite3"
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE core_scheduledjob (name text, due_ms int, ran_ms int, last_error text)")
        db.commit()
    mine = connections.databases["default"]
    connections.databases["replica"] = {**mine, "ENGINE": "django.db.backends.sqlite3", "NAME": str(file)}
    connections.databases["replica"]["OPTIONS"] = {}
    # The guard of the tests lets nobody connect to a database that the settings did not name at the start.
    connections["replica"].connect()
    yield file
    connections["replica"].close()
    del connections["replica"]
    del connections.databases["replica"]


def test_a_replica_that_falls_behind_is_measured(replica: Path) -> None:
    now = clock.now_ms()
    ScheduledJob.objects.create(name="job", due_ms=now, ran_ms=now)
    for behind, expected in ((0, State.OK), (40_000, State.WARNING), (400_000, State.CRITICAL)):
        with closing(sqlite3.connect(replica)) as db:
            db.execute("DELETE FROM core_scheduledjob")
            db.execute("INSERT INTO core_scheduledjob VALUES ('job', 0, ?, '')", [now - behind])
            db.commit()
        assert _state("replica") is expected


def test_a_replica_that_is_away_is_critical(replica: Path) -> None:
    assert _state("replica") is State.OK
    with closing(sqlite3.connect(replica)) as db:
        db.execute("DROP TABLE core_scheduledjob")
    assert _state("replica") is State.CRITICAL


def test_a_cache_that_forgets_or_is_away_is_critical(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    assert _state("cache") is State.OK
    with monkeypatch.context() as patched:
        patched.setattr(cache, "get", lambda key: None)
        assert _state("cache") is State.CRITICAL
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
        }
    }
    assert _state("cache") is State.CRITICAL
    assert members.visitor().get("/healthz/ready").status_code == 503


def _event(due_ms: int, *, parked: bool = False) -> OutboxEvent:
    return OutboxEvent.objects.create(
        handler="x", event="X", payload={}, created_ms=due_ms, due_ms=due_ms, parked=parked
    )


def test_events_that_wait_or_were_given_up_turn_the_outbox() -> None:
    assert _state("outbox") is State.OK
    waiting = _event(clock.now_ms())
    assert _state("outbox") is State.OK
    clock.shift(3 * 60_000)
    assert _state("outbox") is State.WARNING
    clock.shift(11 * 60_000)
    assert _state("outbox") is State.CRITICAL
    waiting.delete()
    assert _state("outbox") is State.OK
    parked = _event(clock.now_ms(), parked=True)
    assert _state("outbox") is State.WARNING
    parked.delete()
    # What is due only later is not late.
    _event(clock.now_ms() + 3_600_000)
    assert _state("outbox") is State.OK


def test_jobs_that_never_ran_fail_or_stop_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_jobs", {})
    is_broken = False

    @schedule.every(dt.timedelta(minutes=1))
    def job() -> None:
        if is_broken:
            raise RuntimeError

    assert _state("jobs") is State.CRITICAL
    schedule.run_due()
    assert _state("jobs") is State.OK
    is_broken = True
    clock.shift(61_000)
    schedule.run_due()
    assert _state("jobs") is State.WARNING
    assert "job failed" in _found("jobs").detail
    is_broken = False
    clock.shift(122_000)
    schedule.run_due()
    assert _state("jobs") is State.OK
    clock.shift(122_000 + 7 * 60_000)
    assert _state("jobs") is State.WARNING
    clock.shift(122_000 + 40 * 60_000)
    assert _state("jobs") is State.CRITICAL
    schedule.run_due()
    assert _state("jobs") is State.OK


def test_a_job_that_begins_and_never_ends_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process dies each time: the next run is planned, and no run is good."""
    monkeypatch.setattr(schedule, "_jobs", {})

    @schedule.every(dt.timedelta(minutes=1))
    def job() -> None: ...

    schedule.run_due()
    clock.shift(HOUR * 1000)
    ScheduledJob.objects.update(due_ms=clock.now_ms() + 60_000)
    assert _state("jobs") is State.CRITICAL


def test_books_that_were_tampered_with_and_tasks_that_gave_up_turn_payments() -> None:
    assert _state("payments") is State.OK
    account = Account.objects.create(key="test", kind="gateway", currency="EUR", balance_minor=0)
    Account.objects.filter(pk=account.pk).update(balance_minor=100)
    found = _found("payments")
    assert found.state is State.CRITICAL
    assert "sum:" in found.detail
    Account.objects.filter(pk=account.pk).update(balance_minor=0)
    assert _state("payments") is State.OK
    task = GatewayTask.objects.create(kind="refund", object_id=uuid7(), due_ms=0, parked=True)
    assert _state("payments") is State.WARNING
    task.delete()
    MoneyAlert.objects.create(kind="books", object_id=uuid7(), detail={})
    assert _state("payments") is State.WARNING


def test_whoever_waits_too_long_for_the_staff_turns_the_queues() -> None:
    assert _state("queues") is State.OK
    alice, bob = members.alice(), members.bob()
    made = report(reporter_id=alice.pk, target=Target.MEMBER, key="bob", reason=Reason.SPAM, words="Spam.")
    assert _state("queues") is State.OK
    clock.shift(int(1.1 * DAY * 1000))
    assert _state("queues") is State.WARNING
    assert "a report" in _found("queues").detail
    # Who waits longest counts, in whatever queue.
    request_of(bob)
    Case.objects.all().delete()
    assert _state("queues") is State.OK
    clock.shift(int(4.2 * DAY * 1000))
    assert _state("queues") is State.CRITICAL
    assert "a request to be verified" in _found("queues").detail
    assert made.case_id is not None
    bare_claim(bare_order(alice, bob), state="review", review_at=clock.now() - dt.timedelta(days=30))
    assert "a claim" in _found("queues").detail


def test_a_ledger_that_alarms_waits_is_frozen_or_was_found_damaged_turns() -> None:
    assert _state("ledger") is State.OK
    alert = ledger.raise_alert(kind="test", detail="A person must look.")
    assert _state("ledger") is State.CRITICAL
    assert "1 alerts are open" in _found("ledger").detail
    alert.resolved_ms = clock.now_ms()
    alert.save()
    assert _state("ledger") is State.OK
    began = clock.now_ms()
    ledger.record_verification(started_ms=began, tree_size=0, findings=[])
    assert _state("ledger") is State.OK
    clock.shift(9 * DAY * 1000)
    assert "verified 9 days ago" in _found("ledger").detail


def test_a_disk_that_fills_up_turns(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    usage = namedtuple("usage", "total used free")
    for free, expected in (
        (500 * 2**30, State.OK),
        (90 * 2**30, State.WARNING),
        (20 * 2**30, State.CRITICAL),
    ):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: usage(1000 * 2**30, 0, free))
        assert _state("disk") is expected
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**30, 0, 2**30 - 1))
    assert _state("disk") is State.CRITICAL
    monkeypatch.undo()
    settings.DATA_DIR = tmp_path / "gone"
    assert _state("disk") is State.CRITICAL


@contextmanager
def _server(answer: Any) -> Iterator[int]:
    """Answers each connection in a thread, on a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        stopping = threading.Event()

        def serve() -> None:
            while not stopping.is_set():
                with suppress(OSError):
                    client, _ = listening.accept()
                    with client:
                        client.settimeout(5)
                        answer(client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stopping.set()
            thread.join()


def test_a_mail_server_that_does_not_answer_is_critical(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    assert _state("mail") is State.CRITICAL

    def greet(client: socket.socket) -> None:
        client.sendall(b"220 here\r\n")
        client.recv(100)
        client.sendall(b"221 bye\r\n")

    with _server(greet) as settings.EMAIL_PORT:
        assert _state("mail") is State.OK
    with _server(lambda client: client.sendall(b"554 go away\r\n")) as settings.EMAIL_PORT:
        assert _state("mail") is State.CRITICAL


def test_backups_that_are_missing_or_old_turn(settings: Any) -> None:
    assert _state("backups") is State.WARNING
    settings.PRODUCTION = True
    assert _state("backups") is State.CRITICAL
    services.record_backup(file="beyou.dump", size=1, sha256="0" * 64)
    assert _state("backups") is State.OK
    clock.shift(37 * HOUR * 1000)
    assert _state("backups") is State.WARNING
    clock.shift(8 * DAY * 1000)
    assert _state("backups") is State.CRITICAL
    services.forget_old()
    assert BackupRecord.objects.count() == 1


def _certificate(folder: Path, days: float) -> Path:
    """Of localhost, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / f"{days}.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certificate.public_bytes(pem))
    return file


def test_a_certificate_that_ends_or_is_not_trusted_turns(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for days, expected in ((90, State.OK), (10, State.WARNING), (1, State.CRITICAL), (-1, State.CRITICAL)):
        file = _certificate(tmp_path, days)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)

        def shake(client: socket.socket, context: ssl.SSLContext = context) -> None:
            with context.wrap_socket(client, server_side=True) as secured:
                secured.recv(1)

        with _server(shake) as port:
            settings.ORIGIN = f"https://localhost:{port}"
            monkeypatch.setenv("SSL_CERT_FILE", str(file))
            assert _state("certificate") is expected, days
            monkeypatch.delenv("SSL_CERT_FILE")
            assert _state("certificate") is State.CRITICAL
    settings.ORIGIN = f"https://localhost:{free_port()}"
    assert _state("certificate") is State.CRITICAL


def test_a_webhook_that_gave_up_turns_until_it_takes_one(settings: Any) -> None:
    settings.ALERT_WEBHOOK_URL = "https://hooks.example/"
    assert _state("webhook") is State.OK
    WebhookDelivery.objects.create(body="{}", due_ms=0, parked=True, done_at=clock.now())
    assert _state("webhook") is State.WARNING
    clock.shift(1000)
    WebhookDelivery.objects.create(body="{}", due_ms=0, done_at=clock.now())
    assert _state("webhook") is State.OK


def test_entries_that_wait_a_frozen_head_and_findings_turn_the_ledger(tmp_path: Path) -> None:
    log = Log(tmp_path)
    with source_of(log.messages):
        log.grow(1, 2)
        assert _state("ledger") is State.WARNING, "there are entries, and nobody ever verified them"
        ledger.record_verification(started_ms=clock.now_ms(), tree_size=3, findings=[])
        assert _state("ledger") is State.OK
        log.say(1)
        clock.shift(2 * 60_000)
        assert _state("ledger") is State.WARNING
        clock.shift(11 * 60_000)
        assert _state("ledger") is State.CRITICAL
        log.seal()
        assert _state("ledger") is State.OK
        ledger.freeze_sealing()
        assert "Sealing is frozen" in _found("ledger").detail
        assert _state("ledger") is State.CRITICAL
        ledger.resume_sealing()
        assert _state("ledger") is State.OK
        VerificationRun.objects.update(findings=1)
        assert _state("ledger") is State.CRITICAL
