"""Reading the record, and checking that it is whole."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from beyou.audit.models import AuditRecord, Head, Standing
from beyou.audit.rules import NOTHING_BEFORE, Act, digest_of

_AT_ONCE: Final = 500
#: What reading a row raises that somebody filled with what does not belong into its columns.
_UNREADABLE: Final = (ValueError, TypeError, AttributeError, OverflowError)


def records_about(subject_id: UUID) -> QuerySet[AuditRecord]:
    """What was done to the member, and who looked at private data of theirs; the newest first."""
    return AuditRecord.objects.filter(subject_id=subject_id).order_by("-created_at", "-id")


def records_by(actor_id: UUID) -> QuerySet[AuditRecord]:
    """What this person did; the newest first."""
    return AuditRecord.objects.filter(actor_id=actor_id).order_by("-created_at", "-id")


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: acts whose name begins with `act`, by whom, about whom, by or about whom, and
    when; `end` itself is left out.
    """

    act: str = ""
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    person_id: UUID | None = None
    start: datetime | None = None
    end: datetime | None = None


def records(search: Search = Search(), *, before: int | None = None) -> QuerySet[AuditRecord]:
    """The acts that are looked for, older than row number `before`; the newest first."""
    wanted = Q()
    if search.act:
        wanted &= Q(act__startswith=search.act)
    if search.actor_id is not None:
        wanted &= Q(actor_id=search.actor_id)
    if search.subject_id is not None:
        wanted &= Q(subject_id=search.subject_id)
    if search.person_id is not None:
        wanted &= Q(actor_id=search.person_id) | Q(subject_id=search.person_id)
    if search.start is not None:
        wanted &= Q(created_at__gte=search.start)
    if search.end is not None:
        wanted &= Q(created_at__lt=search.end)
    if before is not None:
        wanted &= Q(number__lt=before)
    return AuditRecord.objects.filter(wanted).order_by("-number")


def head() -> tuple[int, str]:
    """Number and digest of the newest row. One statement."""
    found = Head.objects.filter(id=1).values_list("number", "digest").first()
    return found or (0, NOTHING_BEFORE)


def standing() -> Standing:
    """What the last check found, and what was anchored. One statement."""
    return Standing.objects.filter(id=1).first() or Standing(id=1)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a row, or about the place where it should be, is not as it was recorded."""

    number: int
    detail: str

    def __str__(self) -> str:
        return f"row {self.number} {self.detail}"


@dataclass(slots=True)
class Check:
    """One walk over every row. `anchors` are the digests of rows that were made known elsewhere, each of
    them under the number of its row; a row may have several, which then contradict each other.
    """

    anchors: Mapping[int, Collection[str]]
    progress: Callable[[int, int], None] = lambda done, total: None
    rows: int = 0
    _last: int = 0
    #: What the row that was met last may be called by the next one; nothing is known behind a hole.
    _known: frozenset[str] = frozenset({NOTHING_BEFORE})

    def problems(self) -> Iterator[Problem]:
        """What is wrong, in the order of the rows: the first one is the first bad row. Repairs nothing."""
        while True:
            # In this order: whoever adds a row moves the head with it.
            batch = list(_read(self._last if self.rows else None))
            number, digest = head()
            self.progress(self.rows, max(number, self.rows))
            for place, row in batch:
                yield from self._take(place, row)
            if not batch and (number <= self._last or not _stands_behind(self._last)):
                break
        if number > self._last:
            yield Problem(self._last + 1, f"is missing, and all behind it up to {number}: they were cut off")
        elif not number and self._last:
            yield Problem(self._last, "is the last one, but what says so is gone")
        elif number < self._last:
            yield Problem(number + 1, "was slipped in behind the newest row")
        elif self._known and digest not in self._known:
            yield Problem(number, "is not the one that was recorded last: it was altered or replaced")
        for unseen in sorted(each for each in self.anchors if each > self._last):
            yield Problem(unseen, "is missing, though the ledger knows it: rows were cut off")
        if (outside := AuditRecord.objects.count() - self.rows) > 0 and number <= self._last:
            yield Problem(self._last, f"is the last in the chain, but {outside} rows stand outside of it")

    def _take(self, number: int, row: AuditRecord | None) -> Iterator[Problem]:
        self.rows += 1
        if number <= self._last:
            yield Problem(number, "was slipped in: its number has no place in the chain")
            return
        if number > self._last + 1:
            last = number - 1
            more = f", and all behind it up to {last}" if last > self._last + 1 else ""
            yield Problem(self._last + 1, f"is missing{more}")
            self._known = frozenset()
        if row is not None and self._known and row.previous not in self._known:
            if self._last:
                yield Problem(self._last, f"is not the one that row {number} follows: it was replaced")
            else:
                yield Problem(number, "follows a row that is not there")
        self._last = number
        if row is None:
            self._known = frozenset()
            yield Problem(number, "was altered: it cannot be read")
            return
        found = _digest(row)
        self._known = frozenset({row.digest, found})
        if found != row.digest:
            yield Problem(number, "was altered: it does not have the digest that it was recorded with")
        elif number in self.anchors and set(self.anchors[number]) != {found}:
            yield Problem(number, "is not the one that the ledger knows: the chain was written anew")


def _digest(row: AuditRecord) -> str:
    try:
        return digest_of(
            Act(
                *(row.number, row.previous, row.id, row.actor_id, row.act, row.subject_id, row.object_id),
                *(row.detail, row.address, row.created_at),
            )
        )
    except _UNREADABLE:
        return ""


def _read(after: int | None) -> Iterator[tuple[int, AuditRecord | None]]:
    """The next rows by number; None for one that cannot be read."""
    rows = AuditRecord.objects.order_by("number")
    if after is not None:
        rows = rows.filter(number__gt=after)
    try:
        yield from [(row.number, row) for row in rows[:_AT_ONCE]]
    except _UNREADABLE:
        for number in list(rows.values_list("number", flat=True)[:_AT_ONCE]):
            try:
                yield number, AuditRecord.objects.get(number=number)
            except _UNREADABLE:
                yield number, None


def _stands_behind(number: int) -> bool:
    return AuditRecord.objects.filter(number__gt=number).exists()
