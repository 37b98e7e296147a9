"""Alerts about sign-ins: what the rules find, kept once per window and told to those concerned."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from beyou.core import clock
from beyou.core.events import publish
from beyou.users import queries, threat_rules
from beyou.users.events import AlertRaised
from beyou.users.models import LoginActivity, LoginOutcome, ThreatAlert
from beyou.users.rules import ALERT_TEXTS, Level, SecurityKind, ThreatRule
from beyou.users.services import note_security
from beyou.users.threat_rules import Attempt, Past

_LOOKED_AT = 200
_FIELDS = ("created_at", "outcome", "member_id", "country", "is_known_device")


def look_at(activity_id: UUID) -> list[ThreatRule]:
    """Raises the alerts that this attempt is worth; returns the rules that fired anew. A repeat changes
    nothing. A fixed number of statements to find them.
    """
    row = LoginActivity.objects.filter(id=activity_id).first()
    if row is None:
        return []
    found = threat_rules.findings(_attempt(row), _past(row), _from_address(row))
    return [rule for rule in found if raise_alert(rule, row)]


def look_for_abandoned() -> int:
    """Raises alerts about right passwords that nobody followed by a second step; returns how many."""
    now = clock.now()
    told = ThreatAlert.objects.filter(rule=ThreatRule.NO_FACTOR, activity_id=OuterRef("id"))
    waiting = LoginActivity.objects.filter(
        ~Exists(told),
        outcome="awaiting_factor",
        created_at__gt=now - dt.timedelta(days=1),
        created_at__lte=now - threat_rules.ABANDONED,
    )
    return sum(raise_alert(ThreatRule.NO_FACTOR, row) for row in waiting.order_by("id")[:_LOOKED_AT])


@transaction.atomic
def raise_alert(rule: ThreatRule, row: LoginActivity) -> bool:
    """The member and the staff will be told, unless they were in this window. Whether the alert is new."""
    about_member = rule not in (ThreatRule.MANY_ACCOUNTS, ThreatRule.DECOY)
    alert = ThreatAlert(
        rule=rule,
        subject=str(row.member_id if about_member else row.address),
        window_start=threat_rules.window_start(rule, row.created_at),
        member_id=row.member_id if about_member else None,
        activity_id=row.id,
        address=row.address,
        device=row.device,
        device_kind=row.device_kind,
        country=row.country,
    )
    try:
        with transaction.atomic():
            alert.save(force_insert=True)
    except IntegrityError:
        return False
    if alert.member_id is not None:
        note_security(member_id=alert.member_id, kind=SecurityKind.ALERT, subject=ALERT_TEXTS[rule])
        publish(AlertRaised(alert_id=alert.id, recipient_id=alert.member_id, is_staff=False))
    if rule not in threat_rules.FOR_MEMBER_ALONE:
        publish(
            *(
                AlertRaised(alert_id=alert.id, recipient_id=staff_id, is_staff=True)
                for staff_id in queries.staff_with(Level.MODERATOR)
                if staff_id != alert.member_id
            )
        )
    return True


def _attempt(row: LoginActivity) -> Attempt:
    return Attempt(row.created_at, row.outcome, row.member_id, row.country, row.is_known_device)


def _attempts(rows: Any, since: dt.datetime) -> list[Attempt]:
    recent = rows.filter(created_at__gte=since).order_by("-created_at")
    return [Attempt(*fields) for fields in recent.values_list(*_FIELDS)[:_LOOKED_AT]]


def _past(row: LoginActivity) -> Past:
    if row.member_id is None:
        return Past((), has_signed_in=False, countries=frozenset())
    others = LoginActivity.objects.filter(member_id=row.member_id).exclude(id=row.id)
    before = others.filter(outcome=LoginOutcome.SUCCESS, created_at__lt=row.created_at)
    countries = before.exclude(country="").values_list("country", flat=True).distinct()
    return Past(
        _attempts(others.filter(created_at__lte=row.created_at), row.created_at - threat_rules.TRAVEL),
        has_signed_in=before.exists(),
        countries=frozenset(countries),
    )


def _from_address(row: LoginActivity) -> list[Attempt]:
    rows = LoginActivity.objects.filter(address=row.address, created_at__lte=row.created_at)
    return _attempts(rows, row.created_at - threat_rules.RECENT)
