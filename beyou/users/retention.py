"""How long what sign-ins leave behind is kept, by age alone."""

import datetime as dt
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from beyou.core import clock
from beyou.core.ports import options
from beyou.users.devices import COOKIE_SECONDS
from beyou.users.models import KnownDevice, LoginActivity, MemberSession, SecurityEvent, ThreatAlert
from beyou.users.session_store import limits_of_sessions

#: Sessions that have ended stay so long, for those who look what happened.
ENDED_FOR: Final = dt.timedelta(days=30)
#: What a visitor's session holds, such as a sign-up that was never finished.
VISITORS_FOR: Final = dt.timedelta(days=1)
_BATCH: Final = 1000


def outdated_log(kept: dt.timedelta) -> dict[str, QuerySet[Any]]:
    """What of the log is older than that, by the name of what it is."""
    end = clock.now() - kept
    return {
        "sign-ins": LoginActivity.objects.filter(created_at__lt=end),
        "security events": SecurityEvent.objects.filter(created_at__lt=end),
        "alerts": ThreatAlert.objects.filter(created_at__lt=end),
    }


def outdated() -> dict[str, QuerySet[Any]]:
    """What is older than it may be, by the name of what it is."""
    now = clock.now()
    return {
        **outdated_log(options.kept_for("login_log_days")),
        "ended sessions": MemberSession.objects.filter(ended_at__lt=now - ENDED_FOR),
        "visitors' sessions": MemberSession.objects.filter(member=None, seen_at__lt=now - VISITORS_FOR),
        "known devices": KnownDevice.objects.filter(
            created_at__lt=now - dt.timedelta(seconds=COOKIE_SECONDS)
        ),
    }


def forget_old() -> dict[str, int]:
    """What was outdated is gone, in small transactions; returns how many rows of each."""
    end_idle_sessions()
    return {name: _delete(rows) for name, rows in outdated().items()}


def end_idle_sessions() -> int:
    """Rows of sessions that ended by their age say so and hold nothing any more. Nothing relies on it: a
    session is over when its time is, whether this runs or not.
    """
    now, limits = clock.now(), limits_of_sessions()
    alive = MemberSession.objects.filter(ended_at=None).exclude(member=None)
    fields = {"ended_at": now, "data": ""}
    idle = alive.filter(seen_at__lte=now - limits.idle).update(**fields)
    return idle + alive.filter(created_at__lte=now - limits.absolute).update(**fields)


def _delete(rows: QuerySet[Any]) -> int:
    gone = 0
    while ids := list(rows.order_by().values_list("id", flat=True)[:_BATCH]):
        with transaction.atomic():
            gone += rows.model._default_manager.filter(id__in=ids).delete()[0]
    return gone
