"""What a shorter time would delete, counted before it is saved."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from beyou.automod import queries as automod
from beyou.core import clock
from beyou.instance.options import OPTIONS, Section, Value
from beyou.instance.queries import Settings
from beyou.notifications import queries as notifications
from beyou.reports import queries as reports
from beyou.users import retention as users
from beyou.verification import queries as verification


@dataclass(frozen=True, slots=True)
class Shorter:
    """An option that would be shorter than it is, and what the next run would delete: how many of what."""

    label: str
    name: str
    before: Value
    after: Value
    counts: list[tuple[int, str]]

    @property
    def found(self) -> list[tuple[int, str]]:
        return [(count, what) for count, what in self.counts if count]


def _log(kept: dt.timedelta) -> list[tuple[int, str]]:
    return [(rows.count(), what) for what, rows in users.outdated_log(kept).items()]


def _documents(kept: dt.timedelta) -> list[tuple[int, str]]:
    return [(verification.documents_due(kept).count(), "identity documents")]


def _evidence(kept: dt.timedelta) -> list[tuple[int, str]]:
    end = clock.now() - kept
    return [
        (reports.settled_before(end).count(), "cases with what was said and shown in them"),
        (reports.removed_before(end).count(), "things that were taken away and could come back"),
    ]


def _findings(kept: dt.timedelta) -> list[tuple[int, str]]:
    return [(automod.found_before(clock.now() - kept).count(), "findings")]


def _notices(kept: dt.timedelta) -> list[tuple[int, str]]:
    return [(notifications.noticed_before(clock.now() - kept).count(), "notices")]


#: Option → what is older than that, by the same rows that the jobs delete.
OUTDATED: Final[dict[str, Callable[[dt.timedelta], list[tuple[int, str]]]]] = {
    "login_log_days": _log,
    "verification_document_days": _documents,
    "evidence_days": _evidence,
    "finding_days": _findings,
    "notice_days": _notices,
}


def shortened(state: Settings, wanted: Mapping[str, Value]) -> list[Shorter]:
    """Every time that would be shorter than it is now."""
    found = []
    for name, value in wanted.items():
        option, before = OPTIONS[name], state.option(name)
        if option.section is Section.RETENTION and int(value) < int(before):
            counts = OUTDATED[name](dt.timedelta(days=int(value)))
            found.append(Shorter(option.label, name, before, value, counts))
    return found


def agreement(shorter: list[Shorter]) -> str:
    """What somebody agrees to who has read the numbers: exactly these times."""
    return " ".join(f"{each.name}={each.after}" for each in shorter)
