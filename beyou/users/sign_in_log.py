"""Reading the record of attempts to sign in, as the staff see it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from beyou.core import clock
from beyou.users.address_rules import AddressRange
from beyou.users.models import LoginActivity, LoginOutcome

PAGE: Final = 50
#: How many rows a file has at most.
FILE_ROWS: Final = 10_000
#: How many members, addresses and devices the tables show.
TOP: Final = 10
#: How far back the log goes when nobody says.
USUAL: Final = dt.timedelta(days=7)
#: Neither a success nor a failure: more was asked for, or nobody wanted to sign in.
UNDECIDED: Final = (LoginOutcome.UNCONFIRMED, LoginOutcome.AWAITING_FACTOR, LoginOutcome.DECOY)
_FAILED: Final = ~Q(outcome__in=(LoginOutcome.SUCCESS, *UNDECIDED))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the log is narrowed to; empty fields narrow nothing."""

    member_id: UUID | None = None
    addresses: AddressRange | None = None
    outcome: str = ""
    path: str = ""
    method: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Attempts, those that began last first; `next` continues behind the last one."""

    items: list[LoginActivity]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of what was asked for. Attempts that wait for more, and the decoy, count as neither end."""

    attempts: int
    successes: int
    failures: int
    decoys: int
    members: int
    addresses: int

    @property
    def share(self) -> str:
        """Of the attempts that ended, those that succeeded; "–" when none has ended."""
        ended = self.successes + self.failures
        return f"{100 * self.successes / ended:.1f} %" if ended else "–"


@dataclass(frozen=True, slots=True)
class Tops:
    """Who and what failed most, and which devices tried most, each with its number."""

    members: list[dict[str, Any]]
    addresses: list[dict[str, Any]]
    devices: list[dict[str, Any]]


def since_of(wanted: Wanted) -> dt.datetime:
    """When the log begins."""
    return wanted.since or (wanted.until or clock.now()) - USUAL


def attempts(wanted: Wanted) -> QuerySet[LoginActivity]:
    """The attempts that fit, in no order."""
    rows = LoginActivity.objects.filter(created_at__gte=since_of(wanted))
    if wanted.until is not None:
        rows = rows.filter(created_at__lt=wanted.until)
    if wanted.member_id is not None:
        rows = rows.filter(member_id=wanted.member_id)
    if wanted.addresses is not None:
        rows = rows.filter(address_key__gte=wanted.addresses.first, address_key__lte=wanted.addresses.last)
    exact = {"outcome": wanted.outcome, "method": wanted.method}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    return rows.filter(path__startswith=wanted.path) if wanted.path else rows


def log_page(wanted: Wanted, *, before: UUID | None = None, limit: int = PAGE) -> LogPage:
    """One statement, members included."""
    rows = attempts(wanted).select_related("member").order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: limit + 1])
    return LogPage(found[:limit], found[limit - 1].pk if len(found) > limit else None)


def file_rows(wanted: Wanted) -> Iterator[LoginActivity]:
    """The last ones for a file. One statement."""
    yield from attempts(wanted).select_related("member").order_by("-id")[:FILE_ROWS]


def totals(wanted: Wanted) -> Totals:
    """One statement."""
    return Totals(
        **attempts(wanted).aggregate(
            attempts=Count("id"),
            successes=Count("id", filter=Q(outcome=LoginOutcome.SUCCESS)),
            failures=Count("id", filter=_FAILED),
            decoys=Count("id", filter=Q(outcome=LoginOutcome.DECOY)),
            members=Count("member_id", distinct=True),
            addresses=Count("address", distinct=True),
        )
    )


def tops(wanted: Wanted) -> Tops:
    """Three statements."""
    rows = attempts(wanted)
    failed = rows.filter(_FAILED)
    return Tops(
        members=_most(failed.exclude(member=None), "member_id", "member__handle"),
        addresses=_most(failed.exclude(address=None), "address"),
        devices=_most(rows, "device"),
    )


def _most(rows: QuerySet[LoginActivity], *names: str) -> list[dict[str, Any]]:
    counted = rows.order_by().values(*names).annotate(number=Count("id"))
    return list(counted.order_by("-number", names[0])[:TOP])
