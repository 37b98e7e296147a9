"""The cases that wait for the staff, in their order, and what one of them decided a moment ago."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from beyou.core import clock
from beyou.core.holds import is_held_by
from beyou.friends.queries import friend_ids
from beyou.moderation.rules import why_it_stays
from beyou.reports.models import Case, Report
from beyou.reports.rules import (
    OPEN,
    SANCTIONED,
    UNDO,
    Hold,
    Origin,
    Outcome,
    State,
    Wanted,
)
from beyou.users import queries as users
from beyou.users.rules import Level

if TYPE_CHECKING:
    from beyou.users.models import User


#: Fewer than in lists, since each line costs the queue more than a statement.
QUEUE_PAGE: Final = 20


#: No filter.
EVERYTHING: Final = Wanted()


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the queue: who holds it, if somebody does."""

    case: Case
    holder: "User | None"
    is_mine: bool


#: What a line shows; members have many more columns.
_OF_A_LINE: Final = (
    *("target", "state", "report_count", "is_found", "held_by_id", "held_until", "created_at"),
    *("about__name", "about__handle", "about__picture_id"),
)


@dataclass(frozen=True, slots=True)
class Queue:
    """Cases that wait, the longest waiting first, and the cursor of those that follow."""

    lines: list[Waiting]
    total: int
    next: UUID | None
    oldest: dt.datetime | None
    #: How many cases each of the other filters would show.
    counts: list[int]


def queue_for(
    staff_id: UUID,
    levels: frozenset[str],
    *,
    wanted: Wanted = EVERYTHING,
    after: UUID | None = None,
    others: Sequence[Wanted] = (),
) -> Queue:
    """What waits for a decision that this one may make. A fixed number of statements."""
    apart = _not_theirs(staff_id, levels)
    every = Case.objects.exclude(id__in=apart)
    rows = every.filter(_that_fit(wanted, staff_id)).select_related("about").only(*_OF_A_LINE)
    if after is not None:
        rows = rows.filter(id__gt=after)
    found = _oldest(rows, QUEUE_PAGE + 1)
    is_whole = wanted == EVERYTHING and after is None
    oldest = found[:1] if is_whole else _oldest(every.only("created_at"), 1)
    total, counts = _count(staff_id, apart, others)
    return Queue(
        waiting(found[:QUEUE_PAGE], staff_id),
        total,
        found[QUEUE_PAGE - 1].pk if len(found) > QUEUE_PAGE else None,
        oldest[0].created_at if oldest else None,
        counts,
    )


def _that_fit(wanted: Wanted, staff_id: UUID) -> Q:
    """Which of the open cases the filter shows this one."""
    fit = Q()
    if wanted.target is not None:
        fit &= Q(target=wanted.target)
    if wanted.origin is not None:
        fit &= Q(is_found=wanted.origin is Origin.FOUND)
    moment = clock.now()
    if wanted.hold is Hold.MINE:
        # What waits is nobody's, so that there is no need to look at thousands of those.
        fit &= Q(state=State.INVESTIGATING, held_by_id=staff_id, held_until__gt=moment)
    elif wanted.hold is Hold.FREE:
        fit &= Q(held_until=None) | Q(held_until__lte=moment)
    return fit


def _oldest(rows: QuerySet[Case], count: int) -> list[Case]:
    """Those of the rows that wait longest. A statement for each state, since the index then has them in their
    order; of all states together the database would sort thousands for a page.
    """
    found = [case for state in OPEN for case in rows.filter(state=state).order_by("id")[:count]]
    return sorted(found, key=lambda case: case.pk)[:count]


def waiting(rows: Iterable[Case], staff_id: UUID) -> list[Waiting]:
    """Who holds each of the cases, as this one sees it. One statement."""
    rows, moment = list(rows), clock.now()
    held = {
        row.pk: row.held_by_id
        for row in rows
        if row.held_by_id and is_held_by(row.held_by_id, row.held_until, row.held_by_id, moment)
    }
    people = users.members_by_id(held.values())
    return [
        Waiting(row, people.get(held[row.pk]) if row.pk in held else None, held.get(row.pk) == staff_id)
        for row in rows
    ]


def waiting_for(staff_id: UUID, levels: frozenset[str]) -> tuple[int, dt.datetime | None]:
    """How many cases wait that this one may judge, and since when the oldest does."""
    apart = _not_theirs(staff_id, levels)
    oldest = _oldest(Case.objects.exclude(id__in=apart).only("created_at"), 1)
    return _count(staff_id, apart)[0], oldest[0].created_at if oldest else None


def _not_theirs(staff_id: UUID, levels: frozenset[str]) -> set[UUID]:
    """The few open cases that are not among `cases_for`. Four statements."""
    people = {staff_id, *friend_ids(staff_id)}
    if Level.OWNER not in levels:
        people.update(users.staff_ids())
    # The states are looked at here: asked for them, the database would begin with thousands of open cases.
    found = [*Report.objects.filter(reporter_id=staff_id).values_list("case_id", "case__state")]
    found += Case.objects.filter(about_id__in=people).values_list("id", "state")
    return {case_id for case_id, state in found if state in OPEN}


def _count(staff_id: UUID, apart: set[UUID], filters: Sequence[Wanted] = ()) -> tuple[int, list[int]]:
    """How many open cases there are apart from those, and how many of them each filter shows."""
    rows = Case.objects.filter(state__in=OPEN)
    total = rows.count() - len(apart)
    if not filters:
        return total, []
    shown = rows.exclude(id__in=apart).aggregate(
        **{
            f"of_{at}": Count("pk", filter=_that_fit(each, staff_id) or None)
            for at, each in enumerate(filters)
        }
    )
    return total, [shown[f"of_{at}"] for at in range(len(filters))]


def oldest_waiting() -> dt.datetime | None:
    """Since when the longest waiting case waits, whoever may judge it. A statement for each state."""
    found = _oldest(Case.objects.only("created_at"), 1)
    return found[0].created_at if found else None


@dataclass(frozen=True, slots=True)
class LastDecision:
    """What somebody of the staff decided last, a moment ago: one case, or several with one click."""

    id: UUID
    cases: list[Case]
    outcome: str
    until: dt.datetime
    #: Why it cannot be undone; empty when it can.
    why_not: str


def last_decision(staff_id: UUID) -> LastDecision | None:
    """What this one can undo, or could if nothing stood in the way. One statement when there is nothing."""
    rows = Case.objects.filter(decided_by_id=staff_id, decided_at__gt=clock.now() - UNDO)
    last = rows.order_by("-decided_at").values_list("decision_id", flat=True).first()
    if last is None:
        return None
    found = list(rows.filter(decision_id=last).select_related("about", "sanction__appeal").order_by("id"))
    if not found or found[0].decided_at is None:
        return None
    reasons = [_why_it_stays(case) for case in found]
    return LastDecision(
        last,
        found,
        found[0].staff_outcome,
        found[0].decided_at + UNDO,
        "" if not all(reasons) else reasons[0],
    )


def _why_it_stays(case: Case) -> str:
    sanction = case.sanction
    if sanction is None or Outcome(case.outcome) not in SANCTIONED:
        return ""
    has_appeal = hasattr(sanction, "appeal")
    return why_it_stays(sanction.standing, is_for_ever=sanction.is_for_ever, has_appeal=has_appeal)
