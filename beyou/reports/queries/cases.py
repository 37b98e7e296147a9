"""Reports and cases as whoever may sees them."""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from beyou.core import keyring
from beyou.core.errors import NotFound
from beyou.friends.queries import are_friends, friend_ids
from beyou.media.queries import media_file
from beyou.messaging.queries import removed_among
from beyou.moderation.rules import AppealState
from beyou.moderation.rules import State as Standing
from beyou.reports.models import Case, Removal, Report, Shown
from beyou.reports.rules import (
    OPEN,
)
from beyou.users import queries as users
from beyou.users.rules import Level, has_level, may_act_on

if TYPE_CHECKING:
    from beyou.media.models import MediaFile


PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a case as the staff read it, also when it was removed since."""

    row: Shown
    text: str
    #: What stands in its place once it was removed.
    removed: str | None
    #: Whether whoever answers for the case wrote it, so that it can be removed with a decision about them.
    is_theirs: bool

    @property
    def can_be_removed(self) -> bool:
        """An end-to-end message only once everything about it could be checked."""
        return self.is_theirs and not self.removed and (self.row.is_verified or not self.row.was_sealed)


@dataclass(frozen=True, slots=True)
class Line:
    """One report with everything that came with it."""

    row: Report
    words: str
    snapshot: tuple[tuple[str, str], ...]
    messages: "list[tuple[Shown, str]]"
    pictures: list[Shown]

    @property
    def is_verified(self) -> bool | None:
        """Whether all messages could be checked whole; None without any."""
        return all(each.is_verified for each, _ in self.messages) if self.messages else None


@dataclass(frozen=True, slots=True)
class MyPage:
    """Reports of a member, and the cursor of those that follow."""

    items: list[tuple[Report, str, str]]
    next: UUID | None


def my_reports(member_id: UUID, *, before: UUID | None = None, limit: int = PAGE) -> MyPage:
    """What the member reported, with their words and the staff's answers, the newest first. One statement."""
    rows = Report.objects.filter(reporter_id=member_id).select_related("case__about").order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: limit + 1])
    shown = [(row, words_of(row), answer_of(row.case)) for row in found[:limit]]
    return MyPage(shown, found[limit - 1].pk if len(found) > limit else None)


def _open(stored: bytes | memoryview, column: str, row_id: UUID) -> str:
    """What stands there. Altered in the database, it says so and nothing else."""
    if not stored:
        return ""
    try:
        return keyring.open_field(bytes(stored), table="reports", column=column, row_id=row_id)
    except keyring.Undecryptable:
        return "(altered in the database)"


def words_of(row: Report) -> str:
    return _open(row.words, "words", row.pk)


def answer_of(row: Case) -> str:
    return _open(row.answer, "answer", row.pk)


# The staff


def cases_for(staff_id: UUID, levels: frozenset[str]) -> QuerySet[Case]:
    """Cases that this one may judge: not about themselves, friends, or staff unless an owner reads; and none
    that they reported. One statement finds the friends.
    """
    mine = Report.objects.filter(case_id=OuterRef("pk"), reporter_id=staff_id)
    near = [staff_id, *friend_ids(staff_id)]
    rows = Case.objects.exclude(about_id__in=near).exclude(Exists(mine))
    if Level.OWNER not in levels:
        rows = rows.filter(about__is_staff=False)
    return rows


def case_for(staff_id: UUID, levels: frozenset[str], case_id: UUID, *, for_update: bool = False) -> Case:
    """The one door of the staff to a case. Raises `NotFound` also for what is too near or too high."""
    rows = Case.objects.filter(id=case_id)
    case = (rows.select_for_update() if for_update else rows.select_related("about")).first()
    if case is None or not has_level(levels, Level.MODERATOR):
        raise NotFound
    is_below = may_act_on(staff_id, levels, case.about_id, users.levels_of(case.about_id))
    is_mine = Report.objects.filter(case=case, reporter_id=staff_id).exists()
    if not is_below or is_mine or are_friends(staff_id, case.about_id):
        raise NotFound
    return case


def chosen_cases(staff_id: UUID, levels: frozenset[str], case_ids: Iterable[UUID]) -> list[Case]:
    """Those of the cases that are open and that this one may judge. A fixed number of statements."""
    rows = cases_for(staff_id, levels).filter(id__in=list(case_ids), state__in=OPEN)
    return list(rows.select_related("about").order_by("id"))


@dataclass(frozen=True, slots=True)
class CasePage:
    """Decided cases, and the cursor of those that follow."""

    items: list[Case]
    next: UUID | None


def decided_for(staff_id: UUID, levels: frozenset[str], *, before: UUID | None = None) -> CasePage:
    """What was decided, the newest case first. A fixed number of statements."""
    rows = cases_for(staff_id, levels).exclude(state__in=OPEN).select_related("about").order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    items = list(rows[: PAGE + 1])
    return CasePage(items[:PAGE], items[PAGE - 1].pk if len(items) > PAGE else None)


def lines_of(case: Case) -> list[Line]:
    """The first reports of the case with what was shown, the oldest first. Two statements."""
    return _lines(list(Report.objects.filter(case=case).select_related("reporter").order_by("id")[:PAGE]))


def messages_of(case: Case) -> list[Message]:
    """Every message that was shown in the case, once, the oldest first. Two statements at most."""
    rows = Shown.objects.filter(report__case=case, message_id__isnull=False).select_related("sender")
    found: dict[UUID, Shown] = {}
    # Of one message that several people showed, what could be checked whole counts.
    for row in rows.order_by("is_verified", "id"):
        if row.message_id:
            found[row.message_id] = row
    removed = removed_among(found)
    messages = [
        Message(row, _open(row.text, "message", row.pk), removed.get(key), row.sender_id == case.about_id)
        for key, row in found.items()
    ]
    return sorted(messages, key=lambda each: each.row.sent_at or each.row.report.created_at)


def _lines(reports: list[Report]) -> list[Line]:
    shown: dict[UUID, list[Shown]] = {}
    for each in Shown.objects.filter(report__in=reports).select_related("sender").order_by("id"):
        shown.setdefault(each.report_id, []).append(each)
    return [_line(row, shown.get(row.pk, [])) for row in reports]


def _line(row: Report, shown: list[Shown]) -> Line:
    messages = [(each, _open(each.text, "message", each.pk)) for each in shown if each.message_id]
    messages.sort(key=lambda pair: pair[0].sent_at or pair[0].report.created_at)
    return Line(row, words_of(row), _snapshot(row), messages, [each for each in shown if each.media_id])


def _snapshot(row: Report) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(
            (str(name), str(value)) for name, value in json.loads(_open(row.snapshot, "snapshot", row.pk))
        )
    except ValueError:
        return ()


def all_reports(member_id: UUID) -> list[Line]:
    """Everything that the member reported, the oldest first. Two statements."""
    rows = list(Report.objects.filter(reporter_id=member_id).select_related("case").order_by("id"))
    return _lines(rows)


def earlier_cases(case: Case) -> list[Case]:
    """Other cases about whoever answers for this one, the newest first. One statement."""
    return list(Case.objects.filter(about_id=case.about_id).exclude(pk=case.pk).order_by("-id")[:10])


def picture_of(case: Case, shown_id: UUID) -> "MediaFile":
    """A picture of a case that the reader may see. Raises `NotFound`."""
    row = Shown.objects.filter(report__case=case, id=shown_id, media_id__isnull=False).first()
    if row is None or row.media_id is None:
        raise NotFound
    return media_file(row.media_id)


def removed_before(moment: dt.datetime) -> "QuerySet[Removal]":
    """What was taken away before that moment, unless an objection waits for its answer or its return is on
    the way.
    """
    due = Removal.objects.filter(created_at__lte=moment)
    return due.exclude(sanction__appeal__state=AppealState.OPEN).exclude(sanction__state=Standing.LIFTED)


def settled_before(moment: dt.datetime) -> "QuerySet[Case]":
    """Cases decided before that moment whose reports are still there."""
    return Case.objects.filter(decided_at__lt=moment, report_count__gt=0).exclude(state__in=OPEN)
