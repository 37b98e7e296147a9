"""What the staff do with a case: taking it, deciding it in one of four ways, opening it again."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from beyou.audit.services import record
from beyou.core import clock, keyring
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.holds import is_held_by
from beyou.core.ids import uuid7
from beyou.core.transactions import retried
from beyou.marketplace import services as market
from beyou.moderation import services as moderation
from beyou.moderation.errors import AlreadyLimited, AlreadySuspended
from beyou.moderation.rules import Kind, Reason
from beyou.notifications.rules import Kind as Kinds
from beyou.reports import queries, rules
from beyou.reports.errors import CaseHeld, CaseMoved, CaseNotHeld
from beyou.reports.models import Case
from beyou.reports.rules import LEASE, OPEN, Outcome, State, Target
from beyou.reports.services.telling import tell_queue, tell_reporters
from beyou.users import queries as users

if TYPE_CHECKING:
    from beyou.media.models import MediaFile
    from beyou.moderation.models import Sanction


_ENDS_AS: Final = {
    Kind.WARNING: Outcome.WARNED,
    Kind.LIMIT: Outcome.LIMITED,
    Kind.SUSPENSION: Outcome.SUSPENDED,
}


@transaction.atomic
def hold(*, actor_id: UUID, case_id: UUID) -> None:
    """The case is this one's for `LEASE` from now; one's own hold is renewed. One conditional update decides
    between two. Raises `NotFound`, `CaseHeld` or `CaseMoved`.
    """
    row = queries.case_for(actor_id, users.levels_of(actor_id), case_id)
    moment = clock.now()
    was_mine = is_held_by(row.held_by_id, row.held_until, actor_id, moment)
    free = Q(held_until=None) | Q(held_until__lte=moment) | Q(held_by_id=actor_id)
    rows = Case.objects.filter(free, id=case_id, state__in=OPEN)
    taken = {"held_by_id": actor_id, "held_until": moment + LEASE, "state": State.INVESTIGATING.value}
    if not rows.update(**taken):
        if Case.objects.filter(id=case_id, state__in=OPEN).exists():
            raise CaseHeld("It comes back when they are done or away.")
        raise CaseMoved("It is decided. The queue shows what waits.")
    if not was_mine:
        note("held", row, actor_id)
        tell_queue()


@transaction.atomic
def let_go(*, actor_id: UUID, case_id: UUID) -> None:
    """The case is free again. Raises `NotFound`, `CaseMoved` or `CaseNotHeld`."""
    row = held(actor_id, case_id)
    row.held_by_id = row.held_until = None
    row.state = State.PENDING.value
    row.save(update_fields=["held_by_id", "held_until", "state"])
    note("released", row, actor_id)
    tell_queue()


@retried
def dismiss(*, actor_id: UUID, case_id: UUID, answer: str = "", decision_id: UUID | None = None) -> None:
    """There is nothing against the rules, and whoever reported it reads that. Raises `NotFound`, `CaseMoved`,
    `CaseNotHeld` and `InvalidInput`, as every decision does.
    """
    end(held(actor_id, case_id), actor_id, Outcome.DISMISSED, answer, decision_id)


def dismiss_many(*, actor_id: UUID, case_ids: Sequence[UUID], answer: str = "") -> tuple[int, int]:
    """Each of the cases that is free is taken and dismissed, each for itself. Returns how many were, and how
    many were not: held by others, decided meanwhile, or not this one's to judge.
    """

    decision_id = uuid7()

    def decide(case_id: UUID) -> None:
        dismiss(actor_id=actor_id, case_id=case_id, answer=answer, decision_id=decision_id)

    return _each(actor_id, case_ids, decide)


def sanction_many(
    *, actor_id: UUID, case_ids: Sequence[UUID], answer: str = "", **said: Any
) -> tuple[int, int]:
    """The same with one decision for all, as `sanction` takes it. Nobody gets it twice: further cases about
    the same member stay, and so does that of a member whose earlier decision is in the way.
    """
    decided: set[UUID] = set()
    decision_id = uuid7()

    def decide(case_id: UUID) -> None:
        about = Case.objects.values_list("about_id", flat=True).get(id=case_id)
        if about in decided:
            raise CaseMoved("Somebody gets the same only once.")
        sanction(actor_id=actor_id, case_id=case_id, answer=answer, decision_id=decision_id, **said)
        decided.add(about)

    return _each(actor_id, case_ids, decide)


def _each(actor_id: UUID, case_ids: Sequence[UUID], decide: Callable[[UUID], None]) -> tuple[int, int]:
    """Takes and decides each of the cases that can be; what cannot is free again."""
    done = 0
    for case_id in dict.fromkeys(case_ids):
        try:
            hold(actor_id=actor_id, case_id=case_id)
        except (CaseHeld, CaseMoved, NotFound):
            continue
        try:
            decide(case_id)
        except (AlreadyLimited, AlreadySuspended, CaseMoved, NotFound):
            with suppress(CaseMoved, CaseNotHeld, NotFound):
                let_go(actor_id=actor_id, case_id=case_id)
            continue
        done += 1
    return done, len(set(case_ids)) - done


@retried
def settle(*, actor_id: UUID, case_id: UUID, answer: str = "") -> None:
    """It is settled without a decision about anybody."""
    end(held(actor_id, case_id), actor_id, Outcome.SETTLED, answer)


@retried
def sanction(
    *,
    actor_id: UUID,
    case_id: UUID,
    kind: Kind,
    reason: Reason,
    words: str,
    days: int | None = None,
    answer: str = "",
    decision_id: UUID | None = None,
) -> "Sanction":
    """Whoever answers for it is warned, limited or suspended. Raises also what `moderation.services.sanction`
    does.
    """
    row = held(actor_id, case_id)
    made = moderation.sanction(
        actor_id=actor_id, member_id=row.about_id, kind=kind, reason=reason, words=words, days=days
    )
    row.sanction = made
    end(row, actor_id, _ENDS_AS[kind], answer, decision_id)
    return made


@retried
def take_off(*, actor_id: UUID, case_id: UUID, reason: str, answer: str = "") -> None:
    """The item is off the market, and its seller reads the reason. Raises also what
    `marketplace.services.suspend` raises.
    """
    row = held(actor_id, case_id)
    if row.target != Target.ITEM:
        raise InvalidInput("Only items can be taken off the market.")
    market.suspend(actor_id=actor_id, item_id=row.target_id, reason=reason)
    end(row, actor_id, Outcome.TAKEN_OFF, answer)


@transaction.atomic
def reopen(*, actor_id: UUID, case_id: UUID) -> None:
    """The decision about the case is undone, and it is this one's again. What was decided about a member or
    an item stays until it is lifted there. Raises `NotFound`, and `CaseMoved` also when a newer case is open.
    """
    row = queries.case_for(actor_id, users.levels_of(actor_id), case_id, for_update=True)
    if row.is_open:
        raise CaseMoved("It is open already.")
    open_again(row, actor_id)
    note("reopened", row, actor_id)


def open_again(row: Case, actor_id: UUID) -> None:
    """The locked case is as it was before its decision, and this one's; whoever reported it reads that the
    staff look at it once more. Raises `CaseMoved` when a newer case is open.
    """
    row.open_of = rules.key_of(Target(row.target), row.target_id)
    row.state, row.outcome, row.answer = State.INVESTIGATING.value, "", b""
    row.held_by_id, row.held_until = actor_id, clock.now() + LEASE
    row.decided_by_id = row.decided_at = row.decision_id = None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise CaseMoved("There is a newer case about the same. Decide that one.") from None
    tell_reporters(row, Kinds.REPORT_REOPENED)


@transaction.atomic
def open_case(*, actor_id: UUID, case_id: UUID) -> Case:
    """The case as the staff read it; that it was looked at is written down before. Raises `NotFound`."""
    row = queries.case_for(actor_id, users.levels_of(actor_id), case_id)
    note("viewed", row, actor_id)
    return row


@transaction.atomic
def open_picture(*, actor_id: UUID, case_id: UUID, shown_id: UUID, address: str) -> "MediaFile":
    """A picture of a case; that it was looked at is written down before. Raises `NotFound`."""
    row = queries.case_for(actor_id, users.levels_of(actor_id), case_id)
    file = queries.picture_of(row, shown_id)
    note("picture_viewed", row, actor_id, address=address)
    return file


def held(actor_id: UUID, case_id: UUID) -> Case:
    """The locked case that this one holds. Levels and friendships are read anew."""
    row = queries.case_for(actor_id, users.levels_of(actor_id), case_id, for_update=True)
    if not row.is_open:
        raise CaseMoved("It is decided. The queue shows what waits.")
    if not is_held_by(row.held_by_id, row.held_until, actor_id, clock.now()):
        raise CaseNotHeld("Your hold has ended or was never made. Take it again; nothing was decided.")
    return row


def end(row: Case, actor_id: UUID, outcome: Outcome, answer: str, decision_id: UUID | None = None) -> None:
    """The case that this one holds has ended so, by a click of its own or one that ended several."""
    words = answer.strip()
    if len(words) > rules.MOST_WORDS:
        raise InvalidInput(f"Answer in up to {rules.MOST_WORDS} characters.")
    if words:
        row.answer = keyring.seal_field(words, table="reports", column="answer", row_id=row.pk)
    row.state, row.outcome, row.open_of = rules.ended(outcome).value, outcome.value, None
    row.held_by_id = row.held_until = None
    row.decided_by_id, row.decided_at, row.decision_id = actor_id, clock.now(), decision_id or uuid7()
    row.save()
    note(outcome.value, row, actor_id)
    tell_reporters(row)


def note(act: str, row: Case, actor_id: UUID, *, address: str | None = None, **detail: Any) -> None:
    record(
        act=f"case.{act}",
        actor_id=actor_id,
        subject_id=row.about_id,
        object_id=row.pk,
        address=address,
        target=row.target,
        **detail,
    )
