"""The doctor is of use only if it sees each ailment; so each is given to it."""

import io
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from beyou.console import doctor
from beyou.console.doctor import Finding
from beyou.core import clock
from beyou.core.models import OutboxEvent
from beyou.ledger import services
from tests.engines.servers import free_port

pytestmark = pytest.mark.django_db


def _ailments(subject: str) -> list[Finding]:
    return [finding for finding in doctor.examine() if finding.subject == subject and not finding.is_well]


def test_every_subject_is_looked_at() -> None:
    subjects = list(dict.fromkeys(finding.subject for finding in doctor.examine()))
    assert subjects == ["Python", "Pages", "Database", "Events", "Ledger", "Keys", "Mail", "Cache", "Disk"]


def test_a_database_that_could_lose_commits_is_named() -> None:
    """The embedded database is durable even here; the servers of this suite trade durability for speed."""
    ailing = " ".join(finding.detail for finding in _ailments("Database"))
    expected = {
        "sqlite": [],
        "mysql": ["innodb_flush_log_at_trx_commit is 0"],
        "postgresql": ["fsync is off", "synchronous_commit is off", "full_page_writes is off"],
    }[connection.vendor]
    assert all(detail in ailing for detail in expected)
    assert bool(ailing) == bool(expected)


def test_a_missing_build_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "VITE_MANIFEST", tmp_path / "none.json")
    assert [finding.advice for finding in _ailments("Pages")] == ["Run: make frontend"]


def test_parked_events_are_counted() -> None:
    moment = clock.now_ms()
    OutboxEvent.objects.create(
        handler="x", event="X", payload={}, created_ms=moment, due_ms=moment, parked=True
    )
    assert [finding.detail for finding in _ailments("Events")] == ["1 parked"]


def test_a_ledger_that_alarms_is_named() -> None:
    assert _ailments("Ledger") == []
    services.raise_alert(kind="test", detail="A person must look.")
    assert [finding.detail for finding in _ailments("Ledger")] == [
        "0 entries, 0 wait to be sealed, 1 open alerts"
    ]


def test_an_unreachable_mail_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", free_port())
    (ailment,) = _ailments("Mail")
    assert "BEYOU_MAIL_URL" in ailment.advice


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**40, 2**40, 5 * 2**20))
    assert [finding.detail for finding in _ailments("Disk")] == ["5 MiB free"]


def test_a_check_that_breaks_is_itself_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path / "gone")
    (ailment,) = _ailments("Disk")
    assert "FileNotFoundError" in ailment.detail


def test_the_command_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "VITE_MANIFEST", tmp_path / "none.json")
    output = io.StringIO()
    with pytest.raises(CommandError, match="to mend"):
        call_command("doctor", stdout=output)
    assert "✗ Pages" in output.getvalue()
    assert "→ Run: make frontend" in output.getvalue()
