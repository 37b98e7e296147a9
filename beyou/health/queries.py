"""Reading alerts and silences."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from beyou.core import clock
from beyou.health import checks
from beyou.health.errors import NoSuchCheck
from beyou.health.models import HealthAlert, Silence
from beyou.health.rules import TITLES, Check

PAGE = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A check as the page shows it."""

    check: Check
    silent_until: dt.datetime | None
    open_since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    lines: list[Line]
    past: list[HealthAlert]

    @property
    def unwell(self) -> int:
        return sum(bool(line.check.state.rank) for line in self.lines)


def overview() -> Overview:
    """Every check, measured now, and the last alerts that are over."""
    silent = silences()
    opened = dict(HealthAlert.objects.exclude(open_key=None).values_list("open_key", "opened_at"))
    lines = [
        Line(check, silent.get(check.name), opened.get(check.name))
        for check in sorted(checks.look(), key=lambda check: -check.state.rank)
    ]
    return Overview(lines, list(HealthAlert.objects.filter(open_key=None).order_by("-resolved_at")[:PAGE]))


def silences() -> dict[str, dt.datetime]:
    """Which checks are silent until when. One statement."""
    return dict(Silence.objects.filter(until__gt=clock.now()).values_list("check_name", "until"))


def open_alerts() -> int:
    return HealthAlert.objects.exclude(open_key=None).count()


def alert(alert_id: UUID) -> HealthAlert | None:
    return HealthAlert.objects.filter(pk=alert_id).first()


def runbook(name: str) -> str:
    """What docs/howto/health.md says under the title of this check; empty where the docs are not installed.
    Raises `NoSuchCheck`.
    """
    if name not in TITLES:
        raise NoSuchCheck
    file = settings.BASE_DIR / "docs" / "howto" / "health.md"
    whole = file.read_text() if file.is_file() else ""
    _, _, after = f"\n{whole}".partition(f"\n## {TITLES[name]}\n")
    return after.partition("\n## ")[0].strip()
