"""Reading reports and cases: what a member may report, what became of it, and what waits for the staff."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from beyou.blocks.queries import blocks_of
from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.core.holds import is_held_by
from beyou.core.money import format_money
from beyou.friends.queries import are_friends, friend_ids, profile_for
from beyou.marketplace import queries as market
from beyou.marketplace.queries.staff import staff_item
from beyou.media.queries import media_file
from beyou.messaging import quoting
from beyou.messaging.queries import removed_among
from beyou.moderation.rules import AppealState, why_it_stays
from beyou.moderation.rules import State as Standing
from beyou.orders import queries as orders
from beyou.reports import rules
from beyou.reports.models import Case, Removal, Report, Shown
from beyou.reports.rules import (
    OPEN,
    SANCTIONED,
    UNDO,
    Hold,
    Origin,
    Outcome,
    State,
    Target,
    Wanted,
)
from beyou.users import queries as users
from beyou.users.rules import Level, has_level, may_act_on

if TYPE_CHECKING:
    from beyou.marketplace.models import Item
    from beyou.media.models import MediaFile
    from beyou.users.models import User

PAGE: Final = 50
#: Fewer than in lists, since each line costs the queue more than a statement.
QUEUE_PAGE: Final = 20
#: No filter.
EVERYTHING: Final = Wanted()


@dataclass(frozen=True, slots=True)
class Aim:
    """What a member is about to report: who answers for it, what it is called, and what it says now."""

    target: Target
    target_id: UUID
    about: "User"
    title: str
    #: Where the member came from.
    back: str
    snapshot: tuple[tuple[str, str], ...] = ()


def aim(member_id: UUID, target: Target, key: str) -> Aim:
    """The one door to what can be reported. The key is a handle, the id of an item, the number of a part of
    an order, or for messages the handle of whoever wrote them.

    Raises `NotFound` for what the member cannot see or what is their own. Who is behind a block can still be
    reported by whoever blocked them, and for messages by both.
    """
    found = _AIMS[target](member_id, key)
    if found.about.pk == member_id:
        raise NotFound
    return found


def _member(member_id: UUID, handle: str) -> Aim:
    blocked = blocks_of(member_id).filter(blocked__handle=handle).first()
    person = blocked.blocked if blocked else profile_for(member_id, handle).member
    said = (("Name", person.name), ("Handle", f"@{person.handle}"), ("About", person.bio))
    return Aim(Target.MEMBER, person.pk, person, person.name, f"/u/{person.handle}", said)


def _messages(member_id: UUID, handle: str) -> Aim:
    other_id = users.member_id_of_handle(handle)
    conversation = quoting.conversation_between(member_id, other_id) if other_id else None
    if other_id is None or conversation is None:
        raise NotFound
    person = users.member_by_id(other_id)
    if person.is_erased:
        raise NotFound
    said = (("Name", person.name), ("Handle", f"@{person.handle}"))
    return Aim(Target.MESSAGES, person.pk, person, person.name, f"/chats/{conversation.id}", said)


def _item(member_id: UUID, key: str) -> Aim:
    try:
        return _item_aim(market.item_for(member_id, UUID(key)).item)
    except ValueError:
        raise NotFound from None


def _item_aim(item: "Item") -> Aim:
    price = format_money(item.price_minor, item.currency) if item.price_minor else "none"
    said = (("Title", item.title), ("Price", price), ("Description", item.description))
    return Aim(Target.ITEM, item.pk, item.seller, item.title, f"/market/i/{item.pk}", said)


def aim_at_item(item_id: UUID) -> Aim:
    """An item that the automatic help found something in. Raises `NotFound` for what members never saw."""
    return _item_aim(staff_item(item_id).item)


def aim_at_member(member_id: UUID, target: Target, more: tuple[tuple[str, str], ...] = ()) -> Aim:
    """The profile or the messages of a member in which the automatic help found something. Raises `NotFound`
    for who is gone.
    """
    person = users.member_of(member_id)
    if person is None or person.is_erased:
        raise NotFound
    said: tuple[tuple[str, str], ...] = (("Name", person.name), ("Handle", f"@{person.handle}"))
    if target is Target.MEMBER:
        said += (("About", person.bio),)
    return Aim(target, person.pk, person, person.name, f"/u/{person.handle}", said + more)


def _order(member_id: UUID, number: str) -> Aim:
    part = orders.part_between(member_id, number)
    is_buyer = part.order.buyer_id == member_id
    things = ", ".join(line.title for line in part.lines.all())
    said = (
        ("Number", part.number),
        ("Things", things),
        ("Total", format_money(part.total_minor, part.currency)),
    )
    back = f"/orders/{part.order.number}" if is_buyer else f"/selling/orders/{part.number}"
    about = part.seller if is_buyer else part.order.buyer
    return Aim(Target.ORDER, part.pk, about, f"Order {part.number}", back, said)


_AIMS: Final[dict[Target, Callable[[UUID, str], Aim]]] = {
    Target.MEMBER: _member,
    Target.MESSAGES: _messages,
    Target.ITEM: _item,
    Target.ORDER: _order,
}


def open_report(member_id: UUID, found: Aim) -> Report | None:
    """What the member has said about it already, while the case is open. One statement."""
    key = rules.key_of(found.target, found.target_id)
    return Report.objects.filter(reporter_id=member_id, case__open_of=key).first()


def shown_messages(report: Report | None) -> set[UUID]:
    """The messages that came with it. At most one statement."""
    rows = Shown.objects.filter(report=report, message_id__isnull=False)
    return {key for key in rows.values_list("message_id", flat=True) if key} if report else set()


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
