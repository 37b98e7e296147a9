"""Alerts that open, become worse and resolve; silences; the record of backups."""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from django.db import transaction

from beyou.audit.services import record
from beyou.core import clock, work
from beyou.core.events import publish
from beyou.core.transactions import retried
from beyou.health import checks, queries, rules
from beyou.health.errors import NoSuchCheck
from beyou.health.events import HealthChanged
from beyou.health.models import BackupRecord, HealthAlert, Silence, WebhookDelivery
from beyou.health.rules import Check, State
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.users.queries import staff_with
from beyou.users.rules import Level

log = structlog.get_logger()

_KEPT = dt.timedelta(days=90)


def look(names: Iterable[str]) -> None:
    """These checks were made, and each has an open alert exactly when it is not well."""
    # Measured first and outside a transaction: nothing may hold a lock while another machine is asked.
    for check in checks.look(names):
        note(check=check)


@retried
def note(*, check: Check) -> None:
    """The check has one open alert when it is not well, else none. The owners are told of what is worse than
    what they know, and of the end of what they know, once, however many processes see it.
    """
    if check.state is State.OK:
        _resolve(check)
        return
    alert, _ = HealthAlert.objects.get_or_create(
        open_key=check.name,
        defaults={"check_name": check.name, "severity": check.state, "detail": check.detail},
    )
    still = HealthAlert.objects.filter(pk=alert.pk, open_key=check.name)
    still.update(severity=check.state, detail=check.detail)
    is_silenced = check.name in queries.silences()
    if not rules.must_tell(check.state, alert.told, is_silenced=is_silenced):
        return
    # Of several processes that see the same, the one that changes the row tells.
    if still.filter(told=alert.told).update(told=check.state):
        _tell(alert.pk, check, is_resolved=False)


def _resolve(check: Check) -> None:
    for alert in HealthAlert.objects.filter(open_key=check.name):
        ended = HealthAlert.objects.filter(pk=alert.pk, open_key=check.name).update(
            open_key=None, resolved_at=clock.now()
        )
        if ended and alert.told and check.name not in queries.silences():
            _tell(alert.pk, check, is_resolved=True)


def _tell(alert_id: UUID, check: Check, *, is_resolved: bool) -> None:
    say = log.info if is_resolved else log.error
    say("health.resolved" if is_resolved else "health.alert", check=check.name, state=check.state)
    for owner_id in staff_with(Level.OWNER):
        if not is_resolved:
            notify(member_id=owner_id, kind=Kind.HEALTH_ALERT, target=f"/{settings.STAFF_PREFIX}/health")
        publish(HealthChanged(alert_id, owner_id, check.state, is_resolved))
    if settings.ALERT_WEBHOOK_URL:
        _deliver(alert_id, check, is_resolved=is_resolved)


def _deliver(alert_id: UUID, check: Check, *, is_resolved: bool) -> None:
    body = {
        "type": "health.resolved" if is_resolved else "health.alert",
        "instance": settings.ORIGIN,
        "alert": str(alert_id),
        "check": check.name,
        "severity": check.state,
        "detail": check.detail,
        "at": clock.now().isoformat(timespec="milliseconds"),
    }
    WebhookDelivery.objects.create(body=orjson.dumps(body).decode(), due_ms=clock.now_ms())
    work.wake_after_commit()


@transaction.atomic
def silence(*, actor_id: UUID, check_name: str, hours: int) -> None:
    """Nobody is told of the check for so many hours; 0 ends its silence. The audit says who wished so. What
    is still wrong afterwards is told then. Raises `NoSuchCheck`.
    """
    if check_name not in rules.TITLES:
        raise NoSuchCheck
    until = clock.now() + dt.timedelta(hours=hours)
    if hours:
        Silence.objects.update_or_create(check_name=check_name, defaults={"until": until})
        record(act="health.silenced", actor_id=actor_id, object_id=check_name, until=until.isoformat())
    elif Silence.objects.filter(check_name=check_name).delete()[0]:
        record(act="health.silence_ended", actor_id=actor_id, object_id=check_name)


def record_backup(*, file: str, size: int, sha256: str) -> None:
    """There is a backup from this moment."""
    BackupRecord.objects.create(file=file, size=size, sha256=sha256)


def forget_old() -> None:
    """What ended more than 90 days ago is gone; the newest backup stays on record."""
    since = clock.now() - _KEPT
    HealthAlert.objects.filter(resolved_at__lt=since).delete()
    WebhookDelivery.objects.filter(done_at__lt=since).delete()
    newest = BackupRecord.objects.order_by("-made_at").first()
    if newest is not None:
        BackupRecord.objects.filter(made_at__lt=since).exclude(pk=newest.pk).delete()
