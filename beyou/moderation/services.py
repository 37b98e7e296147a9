"""Deciding about members, taking it back, objecting, and answering. Each function is whole or not at all."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from beyou.audit.services import record
from beyou.core import clock, keyring
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.events import publish
from beyou.core.ids import uuid7
from beyou.core.transactions import retried
from beyou.friends import queries as friends
from beyou.ledger import services as ledger
from beyou.moderation import queries, rules
from beyou.moderation.errors import (
    AlreadyAppealed,
    AlreadyLimited,
    AlreadySuspended,
    DecisionMoved,
    SecondOpinionNeeded,
)
from beyou.moderation.events import SanctionMoved
from beyou.moderation.models import Appeal, DecisionRecord, Sanction
from beyou.moderation.rules import COUNTED, AppealState, Kind, Reason, State
from beyou.users import queries as users
from beyou.users import services as members
from beyou.users.rules import Level, has_level, may_act_on


@retried
def sanction(
    *, actor_id: UUID, member_id: UUID, kind: Kind, reason: Reason, words: str, days: int | None = None
) -> Sanction:
    """The member is warned or told of what is taken away, or limited or suspended from now on for so many
    days; suspended for ever only once a second of the staff agrees. The member is told, and the audit says
    who decided.

    Raises `NotFound` for whoever may not decide about the member (oneself, friends, equals and upwards),
    `AlreadyLimited`, `AlreadySuspended`, and `InvalidInput`.
    """
    _check_may_act(actor_id, member_id)
    if not words.strip() or len(words) > rules.MOST_WORDS:
        raise InvalidInput(f"Say in up to {rules.MOST_WORDS} characters what the member reads.")
    if not rules.fits(kind, days):
        raise InvalidInput("Choose how long from the list.")
    row_id = uuid7()
    row = Sanction(
        id=row_id,
        member_id=member_id,
        open_of_id=member_id if kind is Kind.SUSPENSION else None,
        limit_of_id=member_id if kind is Kind.LIMIT else None,
        kind=kind.value,
        reason=reason.value,
        words=keyring.seal_field(words.strip(), table="moderation", column="words", row_id=row_id),
        state=State.ACTIVE.value,
        days=days,
        decided_by_id=actor_id,
    )
    _end_served(member_id)
    if kind is Kind.SUSPENSION and days is None:
        row.state = State.PROPOSED.value
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        standing = AlreadyLimited if kind is Kind.LIMIT else AlreadySuspended
        raise standing("Lift it first, or wait until it is over. Nothing was changed.") from None
    act = "member.suspension_proposed" if row.state == State.PROPOSED else f"member.{kind.value}_given"
    if row.state == State.ACTIVE:
        _begin(row)
    lasts = {"days": days or "for ever"} if kind in (Kind.LIMIT, Kind.SUSPENSION) else {}
    _note(act, row, actor_id, reason=reason.value, **lasts)
    return row


@retried
def second(*, actor_id: UUID, sanction_id: UUID, agrees: bool) -> None:
    """Somebody else of the staff agrees to a suspension for ever, which counts from now on, or does not.

    Raises `NotFound`, `DecisionMoved`, and `SecondOpinionNeeded` for whoever proposed it.
    """
    row = _held(actor_id, sanction_id)
    if row.state != State.PROPOSED:
        raise DecisionMoved("Somebody was faster. Load the page again.")
    if not rules.may_second(row.decided_by_id, actor_id):
        raise SecondOpinionNeeded("You proposed it yourself: somebody else of the staff has to agree.")
    row.seconded_by_id = actor_id
    if agrees:
        _begin(row)
        _note("member.suspension_seconded", row, actor_id)
        return
    row.state, row.open_of_id, row.ended_at = State.REFUSED.value, None, clock.now()
    row.save()
    _note("member.suspension_refused", row, actor_id)


@retried
def lift(*, actor_id: UUID, sanction_id: UUID, why: str) -> None:
    """The decision counts no more, as if it had never been. Raises `NotFound`, `DecisionMoved`."""
    row = _held(actor_id, sanction_id)
    if row.standing not in COUNTED:
        raise DecisionMoved("It counts no more. Load the page again.")
    _lift(row, actor_id)
    _note("member.sanction_lifted", row, actor_id, why=why)


@retried
def take_back(*, actor_id: UUID, sanction_id: UUID) -> None:
    """The actor's own decision counts no more, and the member is told, as long as nobody else has had a part
    in it. Raises `NotFound`, and `DecisionMoved`, which says what stands in the way.
    """
    row = _held(actor_id, sanction_id)
    if row.decided_by_id != actor_id:
        raise NotFound
    has_appeal = Appeal.objects.filter(sanction=row).exists()
    if why := rules.why_it_stays(row.standing, is_for_ever=row.is_for_ever, has_appeal=has_appeal):
        raise DecisionMoved(why)
    _lift(row, actor_id)
    _note("member.sanction_lifted", row, actor_id, why="Undone at once by whoever decided.")


@retried
def appeal(*, member_id: UUID, sanction_id: UUID, words: str) -> Appeal:
    """The member objects; somebody else of the staff than who decided will answer. Raises `NotFound`,
    `AlreadyAppealed`, `DecisionMoved`, `InvalidInput`.
    """
    row = queries.decision_for(member_id, sanction_id, for_update=True)
    if Appeal.objects.filter(sanction=row).exists():
        raise AlreadyAppealed("Each decision can be appealed once. You read the answer here.")
    if row.standing not in COUNTED:
        raise DecisionMoved("It was taken back already.")
    if not words.strip() or len(words) > rules.MOST_WORDS:
        raise InvalidInput(f"Say why it is wrong, in up to {rules.MOST_WORDS} characters.")
    sealed = keyring.seal_field(words.strip(), table="moderation", column="appeal", row_id=row.pk)
    return Appeal.objects.create(sanction=row, words=sealed)


@retried
def decide_appeal(*, actor_id: UUID, sanction_id: UUID, is_granted: bool, answer: str) -> None:
    """The appeal is answered: the decision is lifted, or stays. The member is told.

    Raises `NotFound`, `DecisionMoved`, `InvalidInput`, and `SecondOpinionNeeded` for whoever decided before.
    """
    row = _held(actor_id, sanction_id)
    found = Appeal.objects.select_for_update().filter(sanction=row).first()
    if found is None or found.state != AppealState.OPEN:
        raise DecisionMoved("It is answered already. Load the page again.")
    if not rules.may_decide_appeal((row.decided_by_id, row.seconded_by_id), actor_id):
        raise SecondOpinionNeeded("You decided that yourself: somebody else of the staff has to answer.")
    if not answer.strip() or len(answer) > rules.MOST_WORDS:
        raise InvalidInput(f"Answer in up to {rules.MOST_WORDS} characters: the member reads it.")
    found.state = (AppealState.GRANTED if is_granted else AppealState.UPHELD).value
    found.answer = keyring.seal_field(answer.strip(), table="moderation", column="answer", row_id=row.pk)
    found.decided_by_id, found.decided_at = actor_id, clock.now()
    found.save()
    if is_granted and row.standing in COUNTED:
        _lift(row, actor_id, found)
    else:
        _write_down(row, f"appeal {found.state}", found.decided_at, found)
        publish(SanctionMoved(row.pk, row.member_id, found.state))
    _note(f"member.appeal_{found.state}", row, actor_id)


def end_due(limit: int = 100) -> int:
    """Limits and suspensions whose time is over are marked as served. They ended by the time already."""
    due = Sanction.objects.filter(state=State.ACTIVE, until__lte=clock.now()).order_by("until")
    return Sanction.objects.filter(id__in=list(due.values_list("id", flat=True)[:limit])).update(
        state=State.SERVED.value, open_of=None, limit_of=None
    )


def erase_member(*, member_id: UUID) -> None:
    """What the member wrote, and was told, is gone with them."""
    Sanction.objects.filter(member_id=member_id).delete()


def _check_may_act(actor_id: UUID, member_id: UUID) -> None:
    """Nobody decides about themselves, friends, equals or upwards. Both are held meanwhile."""
    users.lock_members([actor_id, member_id])
    mine, theirs = users.levels_of(actor_id), users.levels_of(member_id)
    if not has_level(mine, Level.MODERATOR) or not may_act_on(actor_id, mine, member_id, theirs):
        raise NotFound
    if friends.are_friends(actor_id, member_id) or users.is_erased(member_id):
        raise NotFound


def _held(actor_id: UUID, sanction_id: UUID) -> Sanction:
    """The decision, which the actor may change. The members are held before it, as by whoever decides anew:
    in another order the two would wait for each other.
    """
    member_id = Sanction.objects.filter(id=sanction_id).values_list("member_id", flat=True).first()
    if member_id is None:
        raise NotFound
    _check_may_act(actor_id, member_id)
    row = Sanction.objects.select_for_update().filter(id=sanction_id).first()
    if row is None:
        raise NotFound
    return row


def _begin(row: Sanction) -> None:
    """It counts from now on."""
    row.state, row.began_at = State.ACTIVE.value, clock.now()
    if row.kind == Kind.SUSPENSION:
        row.until = rules.ends(row.began_at, row.days)
        members.suspend(member_id=row.member_id, until=row.until)
    elif row.kind == Kind.LIMIT:
        row.until = rules.ends(row.began_at, row.days)
        members.limit(member_id=row.member_id, until=row.until, why=row.reason_words)
    row.save()
    _write_down(row, "decided", row.began_at)
    publish(SanctionMoved(row.pk, row.member_id, State.ACTIVE.value))


def _lift(row: Sanction, actor_id: UUID, appeal: Appeal | None = None) -> None:
    if row.open_of_id is not None and row.standing is State.ACTIVE:
        members.resume(member_id=row.member_id)
    if row.limit_of_id is not None and row.standing is State.ACTIVE:
        members.unlimit(member_id=row.member_id)
    row.state, row.open_of_id, row.limit_of_id = State.LIFTED.value, None, None
    row.lifted_by_id, row.ended_at = actor_id, clock.now()
    row.save()
    _write_down(row, "appeal granted" if appeal else "taken back", row.ended_at, appeal)
    publish(SanctionMoved(row.pk, row.member_id, State.LIFTED.value))


def _write_down(row: Sanction, what: str, at: dt.datetime, appeal: Appeal | None = None) -> None:
    """The member can keep it, and prove it to anybody: the ledger commits to it. The row is held."""
    number = DecisionRecord.objects.filter(sanction=row).count() + 1
    member = users.members_by_id([row.member_id])[row.member_id]
    text = rules.written_down(
        number=number,
        decision_id=row.pk,
        member=(member.pk, member.handle),
        what=what,
        at=at,
        kind=row.kind,
        reason=row.reason_words,
        words=queries.words_of(row),
        since=row.began_at,
        until=None if row.is_for_ever else row.until,
        is_for_ever=row.is_for_ever or None,
        **queries.appeal_said(appeal),
    )
    own = uuid7()
    DecisionRecord.objects.create(
        id=own,
        sanction=row,
        number=number,
        record=keyring.seal_field(text, table="moderation", column="record", row_id=own),
        salt=ledger.record_decision(text),
    )


def _end_served(member_id: UUID) -> None:
    """What is over stands in no other's way until the job comes by."""
    mine = Q(open_of_id=member_id) | Q(limit_of_id=member_id)
    Sanction.objects.filter(mine, state=State.ACTIVE, until__lte=clock.now()).update(
        state=State.SERVED.value, open_of=None, limit_of=None
    )


def _note(act: str, row: Sanction, actor_id: UUID, **detail: Any) -> None:
    record(act=act, actor_id=actor_id, subject_id=row.member_id, object_id=row.pk, **detail)
