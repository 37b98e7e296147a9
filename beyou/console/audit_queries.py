"""Reading the audit for its page and its file."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from beyou.audit import queries as audit
from beyou.audit.queries import Search
from beyou.console import audit_words
from beyou.core.tables import Cell
from beyou.ledger import queries as ledger
from beyou.users import queries as users

if TYPE_CHECKING:
    from beyou.audit.models import AuditRecord
    from beyou.users.models import User

PAGE: Final = 50
_FILE_AT_ONCE: Final = 500
_DAY: Final = dt.timedelta(days=1)
FILE_HEAD: Final = (
    *("number", "time", "who", "who_id", "act", "sentence", "about", "about_id", "object", "detail"),
    *("address", "previous", "digest"),
)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One act with the people's handles, where they still exist."""

    record: "AuditRecord"
    actor: "User | None"
    subject: "User | None"

    @property
    def who(self) -> str:
        if self.actor:
            return f"@{self.actor.handle}"
        return "A former member" if self.record.actor_id else "The command line or a job"

    @property
    def about(self) -> str:
        """Whom the act concerns, if it concerns somebody else than who did it."""
        if self.record.subject_id is None:
            return "nobody"
        if self.record.subject_id == self.record.actor_id:
            return "themselves"
        return f"@{self.subject.handle}" if self.subject else "a former member"

    @property
    def words(self) -> tuple[str, str, bool]:
        return audit_words.parts(self.record.act)

    @property
    def sentence(self) -> str:
        before, behind, is_about = self.words
        return " ".join(filter(None, (self.who, before, self.about if is_about else "", behind))) + "."

    @property
    def details(self) -> list[tuple[str, Any]]:
        """What else is known of it. Not a mapping, one of whose names a template could take for a method."""
        said: Any = self.record.detail
        # PostgreSQL keeps the names of an object in an order of its own.
        return sorted(said.items()) if isinstance(said, dict) else [("detail", said)]

    @property
    def why(self) -> str:
        """What somebody wrote as the reason."""
        said = dict(self.details).get("why")
        return said if isinstance(said, str) else ""


@dataclass(frozen=True, slots=True)
class AuditPage:
    lines: list[AuditLine]
    next: int | None


@dataclass(frozen=True, slots=True)
class AuditStanding:
    """Whether the audit is whole. `entry` is the place of its newest anchor, None while that waits."""

    rows: int
    checked_at: dt.datetime | None
    problem: str
    anchored_number: int
    anchored_at: dt.datetime | None
    entry: int | None


def search_of(wanted: dict[str, Any]) -> Search | None:
    """What was asked for in the form; None when there is no such member. Two statements at most."""
    people: dict[str, UUID | None] = {}
    for name in ("by", "about"):
        people[name] = users.member_id_of_handle(wanted[name]) if wanted[name] else None
        if wanted[name] and people[name] is None:
            return None
    return Search(
        act=wanted["act"],
        actor_id=people["by"],
        subject_id=people["about"],
        start=_midnight(wanted["since"]),
        end=_midnight(wanted["until"] and wanted["until"] + _DAY),
    )


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), dt.UTC) if day else None


def audit_page(search: Search | None, *, before: int | None = None) -> AuditPage:
    """Acts of staff, the newest first. Two statements at most."""
    if search is None:
        return AuditPage([], None)
    rows = list(audit.records(search, before=before)[: PAGE + 1])
    return AuditPage(lines_of(rows[:PAGE]), rows[PAGE - 1].number if len(rows) > PAGE else None)


def lines_of(rows: "list[AuditRecord]") -> list[AuditLine]:
    """The rows with their people. One statement."""
    people = users.members_by_id(
        filter(None, (each for row in rows for each in (row.actor_id, row.subject_id)))
    )

    def person(member_id: UUID | None) -> "User | None":
        return people.get(member_id) if member_id else None

    return [AuditLine(row, person(row.actor_id), person(row.subject_id)) for row in rows]


def standing() -> AuditStanding:
    """Three statements."""
    found = audit.standing()
    return AuditStanding(
        audit.head()[0],
        *(found.checked_at, found.problem, found.anchored_number, found.anchored_at),
        entry=ledger.anchor_place(found.anchor),
    )


def file_rows(search: Search | None, *, before: int) -> Iterator[tuple[Cell, ...]]:
    """Every act that is looked for, the newest first, in pieces of two statements each."""
    while search is not None:
        rows = list(audit.records(search, before=before)[:_FILE_AT_ONCE])
        for line in lines_of(rows):
            yield _cells(line)
        if len(rows) < _FILE_AT_ONCE:
            return
        before = rows[-1].number


def _cells(line: AuditLine) -> tuple[Cell, ...]:
    row = line.record
    return (
        row.number,
        row.created_at.isoformat(timespec="microseconds"),
        line.actor.handle if line.actor else "",
        str(row.actor_id or ""),
        row.act,
        line.sentence,
        line.subject.handle if line.subject else "",
        str(row.subject_id or ""),
        row.object_id,
        json.dumps(row.detail, sort_keys=True, ensure_ascii=False) if row.detail else "",
        row.address or "",
        row.previous,
        row.digest,
    )
