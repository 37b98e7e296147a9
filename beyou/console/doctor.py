"""Looks at a running instance's surroundings and says what is well, what is not, and what to do next."""

import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseError

from beyou.core import events, keyring
from beyou.core.templatetags.beyou import STYLE, built_file
from beyou.ledger import queries as ledger

_LEAST_FREE_BYTES = 1024**3
_MAIL_SECONDS = 5

#: engine → setting → values under which an acknowledged message survives a power failure.
_DURABLE: dict[str, dict[str, frozenset[str]]] = {
    "sqlite": {
        "PRAGMA journal_mode": frozenset({"wal"}),
        "PRAGMA synchronous": frozenset({"2", "3"}),
        "PRAGMA foreign_keys": frozenset({"1"}),
    },
    "mysql": {
        "SELECT @@innodb_flush_log_at_trx_commit": frozenset({"1"}),
        "SELECT @@innodb_doublewrite": frozenset({"1"}),
        "SELECT @@tx_isolation": frozenset({"READ-COMMITTED"}),
    },
    "postgresql": {
        "SHOW fsync": frozenset({"on"}),
        "SHOW synchronous_commit": frozenset({"on", "remote_write", "remote_apply"}),
        "SHOW full_page_writes": frozenset({"on"}),
    },
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. A finding that is not well says in `advice` what to do."""

    subject: str
    is_well: bool
    detail: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Every finding, each as soon as it is known. Writes nothing that stays."""
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "Python": _python,
        "Pages": _frontend,
        "Database": _database,
        "Events": _outbox,
        "Ledger": _ledger,
        "Keys": _keys,
        "Mail": _mail,
        "Cache": _cache,
        "Disk": _disk,
    }
    for subject, check in checks.items():
        try:
            yield from check()
        # A check that cannot even run is the finding; the others must still be made.
        except Exception as error:
            yield Finding(subject, False, f"{type(error).__name__}: {error}", "Mend this and look again.")


def _python() -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), found, "BeYou needs Python 3.11 or newer.")


def _frontend() -> Iterator[Finding]:
    try:
        is_built = built_file(STYLE).is_file()
    except (FileNotFoundError, KeyError):
        is_built = False
    yield Finding("Pages", is_built, "built" if is_built else "not built", "Run: make frontend")


def _database() -> Iterator[Finding]:
    try:
        connection.ensure_connection()
    except (DatabaseError, ImproperlyConfigured) as error:
        yield Finding(
            "Database", False, f"does not answer: {error}", "Check BEYOU_DATABASE_URL and the server."
        )
        return
    yield Finding("Database", True, f"{connection.display_name} {_version()} answers")
    for question, wanted in _DURABLE[connection.vendor].items():
        value = _answer(question)
        yield Finding(
            "Database",
            value in wanted,
            f"{question.split()[-1].lstrip('@')} is {value}",
            f"Use {' or '.join(sorted(wanted))}, or a power failure may lose what was acknowledged.",
        )
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    detail = f"{len(missing)} migrations missing" if missing else "every migration is applied"
    yield Finding("Database", not missing, detail, "Run: beyou migrate")


def _version() -> str:
    if connection.vendor == "sqlite":
        return sqlite3.sqlite_version
    return _answer("SELECT VERSION()" if connection.vendor == "mysql" else "SHOW server_version")


def _answer(question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


def _outbox() -> Iterator[Finding]:
    parked = events.parked()
    detail = f"{parked} parked" if parked else "none parked"
    yield Finding("Events", not parked, detail, "Their handlers failed again and again: read the log.")


def _ledger() -> Iterator[Finding]:
    health = ledger.health()
    state = "sealing is frozen" if health.is_frozen else f"{health.waiting} wait to be sealed"
    detail = f"{health.size} entries, {state}, {health.open_alerts} open alerts"
    advice = "Read the alerts in the log, run `beyou verify`, then decide about `beyou resume_sealing`."
    yield Finding("Ledger", health.is_well, detail, advice)


def _keys() -> Iterator[Finding]:
    key, wrapped = keyring.new_data_key()
    is_well = keyring.unwrap_data_key(wrapped) == key
    count = len(settings.ENCRYPTION_KEYS)
    yield Finding(
        "Keys", is_well, f"{count} encryption key{'' if count == 1 else 's'}", "Check BEYOU_ENCRYPTION_KEYS."
    )


def _mail() -> Iterator[Finding]:
    if "smtp" not in settings.EMAIL_BACKEND:
        yield Finding("Mail", True, "is printed here and shown at /dev/mail")
        return
    try:
        with get_connection(timeout=_MAIL_SECONDS):
            yield Finding("Mail", True, f"{settings.EMAIL_HOST} accepts our sign-in")
    except OSError as error:
        yield Finding("Mail", False, f"{settings.EMAIL_HOST}: {error}", "Check BEYOU_MAIL_URL.")


def _cache() -> Iterator[Finding]:
    if not settings.REDIS_URL:
        yield Finding("Cache", True, "in this process; several processes need BEYOU_REDIS_URL")
        return
    mark = f"doctor/{socket.gethostname()}"
    cache.set(mark, "here", timeout=10)
    is_well = cache.get(mark) == "here"
    cache.delete(mark)
    yield Finding("Cache", is_well, "Redis answers" if is_well else "Redis forgets", "Check BEYOU_REDIS_URL.")


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    with tempfile.TemporaryFile(dir=settings.DATA_DIR) as file:
        file.write(b"beyou")
    yield Finding("Disk", free >= _LEAST_FREE_BYTES, f"{free // 1024**2:,} MiB free", "Make room.")
