"""Reading for the staff pages, each with a fixed number of statements."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from beyou.audit.queries import records, records_about
from beyou.console.audit_queries import AuditLine, lines_of
from beyou.core import clock, events
from beyou.core.templatetags.beyou import span
from beyou.disputes import queries as disputes
from beyou.health import queries as health
from beyou.moderation import queries as moderation
from beyou.moderation.rules import usual
from beyou.reports import queries as reports
from beyou.users import account_recovery, address_blocks, joining, sign_in_log
from beyou.users import queries as users
from beyou.users.rules import RECOVERY_DELAY, RECOVERY_VALID, Level, RecoveryState, has_level, may_act_on
from beyou.users.security_log import open_sessions
from beyou.users.staff_queries import anybody
from beyou.verification import queries as verification

if TYPE_CHECKING:
    from beyou.users.models import AccountRecovery, AddressBlock, MemberSession, User
    from beyou.verification.models import Decision


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the start page: what it counts, what it says, and the page that shows more."""

    title: str
    value: int
    note: str
    view: str
    is_alarming: bool = False


def figures(reader_id: UUID, levels: Collection[str]) -> list[Figure]:
    """What concerns somebody with these levels. A fixed number of statements for each level."""
    shown: list[Figure] = []
    if has_level(levels, Level.VERIFIER):
        waiting = verification.queue_for(reader_id, frozenset(levels)).total + users.waiting_renames().count()
        oldest = verification.oldest_waiting(reader_id, frozenset(levels))
        note = f"the oldest for {span(clock.now() - oldest)}" if oldest else "nobody waits to be verified"
        shown.append(Figure("Waiting in the queue", waiting, note, "console:queue"))
    if has_level(levels, Level.MODERATOR):
        waiting, oldest = reports.waiting_for(reader_id, frozenset(levels))
        note = f"the oldest for {span(clock.now() - oldest)}" if oldest else "nobody waits for a decision"
        shown.append(Figure("Reports", waiting, note, "console:reports"))
        shown.append(Figure("Joining", joining.waiting_count(), "want to be let in", "console:joining"))
        waiting = moderation.waiting_count()
        shown.append(Figure("Decisions", waiting, "wait for a second, or for an answer", "console:decisions"))
    if has_level(levels, Level.FINANCE):
        waiting = disputes.queue_for(reader_id).total
        oldest = disputes.oldest_waiting(reader_id)
        note = f"the oldest for {span(clock.now() - oldest)}" if oldest else "nobody waits for a decision"
        shown.append(Figure("Claims", waiting, note, "console:claims"))
    if has_level(levels, Level.AUDITOR):
        acts = records().filter(created_at__gte=clock.now() - dt.timedelta(days=1)).count()
        shown.append(Figure("Acts of staff", acts, "in the last 24 hours", "console:audit"))
        unwell = health.open_alerts()
        note = "not well" if unwell else "all is well"
        shown.append(Figure("Health alerts", unwell, note, "console:health", is_alarming=unwell > 0))
    if has_level(levels, Level.VERIFIER):
        waiting = len(users.recoveries_waiting())
        shown.append(Figure("Account recoveries", waiting, "wait for two of the staff", "console:recoveries"))
    if has_level(levels, Level.OWNER):
        shown.append(Figure("Staff", len(users.staff_with_levels()), "with a level", "console:staff"))
        parked = events.parked()
        note = "gave up" if parked else "none gave up"
        shown.append(Figure("Parked events", parked, note, "console:health", is_alarming=parked > 0))
    return shown


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody of the staff with their levels, the highest first, and whether the reader may change them."""

    member: "User"
    levels: list[str]
    is_below: bool


def staff_list(reader_id: UUID) -> list[StaffMember]:
    """Everybody with a level, owners first. One statement."""
    return [
        StaffMember(
            member=member,
            levels=[level.value for level in reversed(Level) if level in levels],
            is_below=member.pk != reader_id and Level.OWNER not in levels,
        )
        for member, levels in users.staff_with_levels()
    ]


@dataclass(frozen=True, slots=True)
class RecoveryLists:
    """Requests that wait, and the last ones that do not."""

    waiting: "list[AccountRecovery]"
    ended: "list[AccountRecovery]"


def recoveries() -> RecoveryLists:
    """Two statements, whatever their number."""
    return RecoveryLists(users.recoveries_waiting(), users.recoveries_ended())


@dataclass(frozen=True, slots=True)
class RecoveryCase:
    """One request as somebody of the staff decides about it."""

    row: "AccountRecovery"
    reason: str
    approvers: "list[User]"
    has_agreed: bool
    is_below: bool
    can_decide: bool
    due_at: dt.datetime
    over_at: dt.datetime


def recovery_case(recovery_id: UUID, reader_id: UUID) -> RecoveryCase:
    """Raises `NotFound`."""
    row = users.recovery_of(recovery_id)
    approvers = users.approvers_of(recovery_id)
    is_below = may_act_on(
        reader_id, users.levels_of(reader_id), row.member_id, users.levels_of(row.member_id)
    )
    has_agreed = reader_id in {person.pk for person in approvers}
    return RecoveryCase(
        row=row,
        reason=account_recovery.reason_of(row),
        approvers=approvers,
        has_agreed=has_agreed,
        is_below=is_below,
        can_decide=is_below and row.state == RecoveryState.WAITING,
        due_at=row.created_at + RECOVERY_DELAY,
        over_at=row.created_at + RECOVERY_VALID,
    )


@dataclass(frozen=True, slots=True)
class MemberCase:
    """What staff know of a member without looking at private data."""

    member: "User"
    levels: list[str]
    #: Whether the reader may act on the member.
    is_below: bool
    sessions: "list[MemberSession]"
    decisions: "list[Decision]"
    #: What staff did to or about the member, the newest first.
    acts: list[AuditLine]
    sanctions: "list[moderation.Decision]"
    strikes: int
    #: What is usual after so many strikes.
    usual: str


#: Acts that the page of a member shows; the audit has all.
MOST_ACTS = 10


def member_case(member_id: UUID, reader_id: UUID, levels: Collection[str]) -> MemberCase:
    """A fixed number of statements. Raises `NotFound`."""
    member = anybody(member_id)
    theirs = users.levels_of(member_id)
    strikes = moderation.strikes_of(member_id)
    return MemberCase(
        member=member,
        levels=[level.value for level in reversed(Level) if level in theirs],
        is_below=may_act_on(reader_id, levels, member_id, theirs),
        sessions=open_sessions(member_id),
        decisions=verification.decisions_of(member_id),
        acts=lines_of(list(records_about(member_id)[:MOST_ACTS])),
        sanctions=moderation.decisions_about(member_id, for_staff=True),
        strikes=strikes,
        usual=usual(strikes),
    )


@dataclass(frozen=True, slots=True)
class SignIns:
    """A part of the sign-in log; totals and tops only on a whole page."""

    page: sign_in_log.LogPage
    since: dt.datetime | None = None
    totals: sign_in_log.Totals | None = None
    tops: sign_in_log.Tops | None = None


def sign_ins_shown(wanted: sign_in_log.Wanted, before: UUID | None) -> SignIns:
    """Five statements, whatever is found."""
    return SignIns(
        sign_in_log.log_page(wanted, before=before),
        sign_in_log.since_of(wanted),
        sign_in_log.totals(wanted),
        sign_in_log.tops(wanted),
    )


@dataclass(frozen=True, slots=True)
class BlockedRange:
    """A blocked range, whether it counts at this moment, and who blocked it."""

    block: "AddressBlock"
    is_active: bool
    by: "User | None"


def blocked_ranges() -> list[BlockedRange]:
    """Those that end last first. Two statements."""
    rows, now = address_blocks.blocks(), clock.now()
    people = users.members_by_id({row.blocked_by_id for row in rows if row.blocked_by_id})
    return [
        BlockedRange(row, row.lifted_at is None and row.until > now, people.get(row.blocked_by_id))
        for row in rows
    ]
