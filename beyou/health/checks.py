"""The checks. Each measures when it is asked and is well only because of what it measured."""

import datetime as dt
import shutil
import smtplib
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache as remembered
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from beyou.core import clock, events, schedule
from beyou.core.templatetags.beyou import span
from beyou.disputes import queries as disputes
from beyou.health import rules
from beyou.health.models import BackupRecord, WebhookDelivery
from beyou.health.rules import Check, State
from beyou.ledger import queries as ledger
from beyou.payments import queries as payments
from beyou.reports import queries as reports
from beyou.users import joining
from beyou.verification import queries as verification

log = structlog.get_logger()

_SECONDS = 3.0
_DETAIL = 500

_Found = tuple[State, str]


def look(names: Iterable[str] = rules.TITLES) -> list[Check]:
    """What each of these checks finds now. One that cannot even run is critical and keeps no other from
    running.
    """
    return [_look(name) for name in names]


def _look(name: str) -> Check:
    try:
        state, detail = _CHECKS[name]()
    # Whatever a driver or a server does, it is the finding.
    except Exception as error:
        log.warning("health.check_failed", check=name, error=type(error).__name__)
        state, detail = State.CRITICAL, f"The check itself failed with {type(error).__name__}."
    return Check(name, state, detail[:_DETAIL])


def _database() -> _Found:
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return State.OK, f"{connection.display_name} answers in {(time.monotonic() - began) * 1000:.0f} ms."


@remembered
def _known_migrations() -> frozenset[tuple[str, str]]:
    """Those of this process's code, read once: it runs no other."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _migrations() -> _Found:
    missing = sorted(_known_migrations() - set(MigrationRecorder(connection).applied_migrations()))
    if not missing:
        return State.OK, f"All {len(_known_migrations())} are applied."
    app, name = missing[0]
    return State.CRITICAL, f"{len(missing)} are missing, the first is {app}.{name}."


def _replica() -> _Found:
    if "replica" not in connections.databases:
        return State.OK, "None is configured."
    behind = max(0, schedule.last_run_ms() - schedule.last_run_ms("replica")) / 1000
    return rules.REPLICA_LAG.judge(behind), f"It is {behind:.0f} s behind."


def _cache() -> _Found:
    mark = f"health/{uuid4()}"
    cache.set(mark, mark, timeout=10)
    remembers = cache.get(mark) == mark
    cache.delete(mark)
    where = "Redis" if settings.REDIS_URL else "The cache of this process"
    return (State.OK, f"{where} answers.") if remembers else (State.CRITICAL, f"{where} forgets.")


def _outbox() -> _Found:
    oldest, parked = events.oldest_due_ms(), events.parked()
    late = (clock.now_ms() - oldest) / 1000 if oldest is not None else 0
    state = rules.worst(rules.OUTBOX_AGE.judge(late), State.WARNING if parked else State.OK)
    return state, f"The oldest event waits for {late:.0f} s; {parked} were given up."


def _jobs() -> _Found:
    jobs, moment = schedule.standings(), clock.now_ms()
    if all(job.due_ms is None for job in jobs):
        return State.CRITICAL, "No returning job ever began: no process runs them."
    late = {job.name: _lateness(job, moment) for job in jobs if job.due_ms is not None}
    failed = [job.name for job in jobs if job.last_error]
    slowest = max(late, key=lambda name: late[name])
    by_lateness = rules.JOB_LATE.judge(late[slowest])
    state = rules.worst(by_lateness, State.WARNING if failed else State.OK)
    parts = [f"{name} failed" for name in failed]
    if by_lateness is not State.OK:
        parts.append(f"{slowest} is {late[slowest]:.0f} s late")
    return state, ("; ".join(parts) if parts else f"All {len(jobs)} run when they are due") + "."


def _lateness(job: schedule.Standing, moment: int) -> float:
    """Seconds since it should have begun, or since the run that never ended should have been over."""
    overdue = moment - (job.due_ms or 0)
    # A run that dies leaves the next one due in time; so the last good one counts, with an interval to spare.
    unfinished = moment - job.ran_ms - 2 * job.every_ms if job.ran_ms else 0
    return max(0, overdue, unfinished) / 1000


def _payments() -> _Found:
    health = payments.money_health()
    if health.wrong:
        return State.CRITICAL, f"The books do not balance: {', '.join(row.what for row in health.wrong)}."
    state = State.WARNING if health.parked or health.alerts else State.OK
    return state, f"The books balance; {health.parked} tasks were given up, {health.alerts} alerts are open."


def _ledger() -> _Found:
    health = ledger.health()
    waits = health.oldest_waiting_ms / 1000
    bad = [
        (health.is_frozen, "sealing is frozen"),
        (health.open_alerts > 0, f"{health.open_alerts} alerts are open"),
        (health.findings > 0, f"the last verification found {health.findings} faults"),
    ]
    age = (clock.now_ms() - health.verified_ms) / 1000 if health.verified_ms else None
    verified = rules.VERIFICATION_AGE.judge(age) if age is not None else State.WARNING
    if health.size == 0:
        verified = State.OK
    critical = State.CRITICAL if any(is_bad for is_bad, _ in bad) else State.OK
    parts = [text for is_bad, text in bad if is_bad]
    parts.append(f"the oldest entry without a seal waits for {waits:.0f} s")
    parts.append("it was never verified" if age is None else f"it was verified {_ago(age)}")
    text = "; ".join(parts)
    return rules.worst(critical, rules.UNSEALED_AGE.judge(waits), verified), f"{text[0].upper()}{text[1:]}."


def _disk() -> _Found:
    usage = shutil.disk_usage(settings.DATA_DIR)
    with tempfile.TemporaryFile(dir=settings.DATA_DIR) as file:
        file.write(b"beyou")
    free = f"{usage.free // 1024**2:,} MiB of {usage.total // 1024**2:,} MiB are free."
    return rules.judge_disk(usage.free, usage.total), free


def _mail() -> _Found:
    if "smtp" not in settings.EMAIL_BACKEND:
        return State.OK, "Mail stays on this machine, which only development allows."
    try:
        with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=_SECONDS):
            return State.OK, "The mail server answers."
    except (OSError, smtplib.SMTPException) as error:
        return State.CRITICAL, f"The mail server does not answer: {type(error).__name__}."


def _backups() -> _Found:
    newest = BackupRecord.objects.order_by("-made_at").values_list("made_at", flat=True).first()
    if newest is None:
        return (State.CRITICAL if settings.PRODUCTION else State.WARNING), "There is no backup."
    age = (clock.now() - newest).total_seconds()
    return rules.BACKUP_AGE.judge(age), f"The newest was made {_ago(age)}."


def _certificate() -> _Found:
    origin = urlsplit(settings.ORIGIN)
    if origin.scheme != "https":
        return State.OK, "The origin has no https, which only development allows."
    try:
        seconds_left = _validity(origin.hostname or "", origin.port or 443) - clock.now_ms() / 1000
    except ssl.SSLCertVerificationError as error:
        return State.CRITICAL, f"Browsers will refuse it: {error.verify_message}."
    except OSError as error:
        return State.CRITICAL, f"Our own origin does not answer: {type(error).__name__}."
    days = int(seconds_left // rules.DAY)
    return rules.judge_certificate(seconds_left), f"It is valid for {days} more days."


def _validity(host: str, port: int) -> float:
    """Until when, in seconds since the epoch, browsers trust what answers there."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert() or {}
    return ssl.cert_time_to_seconds(str(certificate["notAfter"]))


def _webhook() -> _Found:
    if not settings.ALERT_WEBHOOK_URL:
        return State.OK, "None is configured."
    last = WebhookDelivery.objects.exclude(done_at=None).order_by("-done_at").first()
    if last is not None and last.parked:
        return State.WARNING, f"The last alert was not taken: {last.last_error}."
    waiting = WebhookDelivery.objects.filter(done_at=None).count()
    return State.OK, f"It took the last alert; {waiting} wait." if last else f"{waiting} wait."


def _queues() -> _Found:
    """The longest waiting of each queue, whoever may look at it."""
    waiting = {
        "a request to be verified": verification.oldest_request(),
        "somebody who wants to join": joining.oldest_wish(),
        "a report": reports.oldest_waiting(),
        "a claim": disputes.oldest_claim(),
    }
    oldest = {name: since for name, since in waiting.items() if since is not None}
    if not oldest:
        return State.OK, "Nobody waits for the staff."
    name = min(oldest, key=lambda each: oldest[each])
    age = (clock.now() - oldest[name]).total_seconds()
    return rules.QUEUE_AGE.judge(age), f"The longest waiting is {name}, made {_ago(age)}."


def _ago(seconds: float) -> str:
    return f"{span(dt.timedelta(seconds=seconds))} ago"


_CHECKS: dict[str, Callable[[], _Found]] = {
    "database": _database,
    "migrations": _migrations,
    "replica": _replica,
    "cache": _cache,
    "outbox": _outbox,
    "jobs": _jobs,
    "payments": _payments,
    "queues": _queues,
    "ledger": _ledger,
    "disk": _disk,
    "mail": _mail,
    "backups": _backups,
    "certificate": _certificate,
    "webhook": _webhook,
}
