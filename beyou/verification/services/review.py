"""What reviewers do: claiming, deciding, taking back, revoking."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.events import publish
from beyou.users import queries as users
from beyou.users.rules import Level
from beyou.users.services import mark_unverified, mark_verified
from beyou.verification import queries, rules
from beyou.verification.errors import (
    ClaimedByOther,
    HandedOn,
    NobodyToHelp,
    NotClaimed,
    RequestMoved,
    SecondReviewerNeeded,
    TooLateToUndo,
)
from beyou.verification.events import DecisionMade, VerificationSettled
from beyou.verification.models import Decision, VerificationRequest
from beyou.verification.rules import HELPERS, LEASE, NOT_FINAL, OPEN, UNDO, Part, State, Step, Verdict, Why
from beyou.verification.services.telling import tell

#: Drained a little after the undo has ended, so that nobody is told of what can still be taken back.
_TOLD_AFTER_MS = int(UNDO.total_seconds() * 1000) + 1000
_MOVED = RequestMoved("It has been decided or taken back. The queue shows what waits.")


@transaction.atomic
def claim(*, request_id: UUID, reviewer_id: UUID) -> None:
    """The request is this reviewer's for `LEASE` from now; one's own claim is renewed.

    One conditional update decides, so that of reviewers who claim at once one wins. Raises `NotFound`,
    `SecondReviewerNeeded`, `HandedOn`, `ClaimedByOther` or `RequestMoved`.
    """
    levels = users.levels_of(reviewer_id)
    request = queries.request_for(reviewer_id, levels, request_id)
    if request.first_reviewer_id == reviewer_id:
        raise SecondReviewerNeeded("You have approved it once. Somebody else must look at it now.")
    _check_may_take(request, reviewer_id, levels)
    moment = clock.now()
    was_mine = rules.is_held_by(queries.standing_of(request), reviewer_id, moment)
    free = Q(state=State.PENDING) | Q(state=State.CLAIMED, claimed_until__lte=moment)
    mine = Q(state=State.CLAIMED, claimed_by_id=reviewer_id)
    # Handed on or approved meanwhile, it is no longer the request that was checked above.
    rows = VerificationRequest.objects.filter(free | mine, id=request_id, escalated_to=request.escalated_to)
    # Both columns may be empty, and SQL's <> is never true of that.
    for column in ("first_reviewer_id", "escalated_by_id"):
        rows = rows.filter(Q(**{column: None}) | ~Q(**{column: reviewer_id}))
    if not rows.update(state=State.CLAIMED, claimed_by_id=reviewer_id, claimed_until=moment + LEASE):
        raise _why_not_claimed(request_id)
    if not was_mine:
        _note("claimed", request, reviewer_id)
        tell(request.member_id)


def _why_not_claimed(request_id: UUID) -> ClaimedByOther | RequestMoved:
    state = VerificationRequest.objects.filter(id=request_id).values_list("state", flat=True).first()
    if state == State.CLAIMED:
        return ClaimedByOther("A colleague is looking at it. It comes back when they are done or away.")
    return _MOVED


@transaction.atomic
def release(*, request_id: UUID, reviewer_id: UUID) -> None:
    """The request waits for anybody again. Raises what every step of a
    claimed request does: `NotFound`, `NotClaimed`, `RequestMoved` and `HandedOn`.
    """
    request = _held(request_id, reviewer_id)
    _move(request, Step.RELEASE)
    request.save()
    _note("released", request, reviewer_id)
    tell(request.member_id)


@transaction.atomic
def approve(*, request_id: UUID, reviewer_id: UUID) -> Decision:
    """The member is verified from now on; where two must agree, the first approval only asks for a second.

    Raises what `release` raises, and `SecondReviewerNeeded`.
    """
    request = _held(request_id, reviewer_id)
    if request.first_reviewer_id == reviewer_id:
        raise SecondReviewerNeeded("You have approved it once. Somebody else must look at it now.")
    if rules.needs_second(queries.standing_of(request), four_eyes=settings.VERIFICATION_FOUR_EYES):
        request.first_reviewer_id = reviewer_id
        return _decide(request, reviewer_id, Verdict.SECONDED, Step.SECOND)
    mark_verified(member_id=request.member_id)
    return _decide(request, reviewer_id, Verdict.APPROVED, Step.APPROVE)


@transaction.atomic
def reject(*, request_id: UUID, reviewer_id: UUID, why: Why, note: str) -> Decision:
    """The member reads why, and may send again what the reason names. Raises what `release` raises, and
    `InvalidInput` for another reason without a note.
    """
    if why is Why.OTHER and not note.strip():
        raise InvalidInput("Say what the reason is: the member reads the note.")
    request = _held(request_id, reviewer_id)
    request.asked_for = _parts(rules.parts_to_fix(why))
    return _decide(request, reviewer_id, Verdict.REJECTED, Step.REJECT, why=why, note=note)


@transaction.atomic
def ask_again(*, request_id: UUID, reviewer_id: UUID, parts: frozenset[Part], note: str) -> Decision:
    """The member reads what is missing and sends only these parts. Raises what `release` raises, and
    `InvalidInput` without parts or note.
    """
    if not parts or not note.strip():
        raise InvalidInput("Say what is missing, and choose what the member must send again.")
    request = _held(request_id, reviewer_id)
    request.asked_for = _parts(parts)
    return _decide(request, reviewer_id, Verdict.RETURNED, Step.ASK, note=note)


@transaction.atomic
def escalate(*, request_id: UUID, reviewer_id: UUID, to: Level, note: str) -> Decision:
    """The claim is given up, and the request waits for somebody else who has the level `to` and reads the
    note. Whoever handed a request on never decides it. Raises what `release` raises, `NobodyToHelp`, and
    `InvalidInput` for another level or without a note.
    """
    if to not in HELPERS or not note.strip():
        raise InvalidInput("Say what your colleague should look at, and choose to whom it goes.")
    request = _held(request_id, reviewer_id)
    if not queries.could_help(request, to):
        raise NobodyToHelp(
            "Nobody else of this level may decide it. Ask an owner to make somebody a reviewer."
        )
    request.escalated_by_id, request.escalated_to = reviewer_id, to.value
    return _decide(request, reviewer_id, Verdict.ESCALATED, Step.ESCALATE, note=note)


@transaction.atomic
def undo(*, request_id: UUID, reviewer_id: UUID) -> None:
    """The reviewer's own last decision never was, and the request is claimed by them again. Nobody had been
    told. Raises `NotFound` or `TooLateToUndo`.
    """
    request = queries.request_for(reviewer_id, users.levels_of(reviewer_id), request_id, for_update=True)
    decision = queries.last_decision(request_id)
    moment = clock.now()
    is_fresh = decision is not None and decision.created_at > moment - UNDO
    if decision is None or not is_fresh or decision.reviewer_id != reviewer_id:
        raise TooLateToUndo("The member has been told. A mistake is put right by another decision.")
    if rules.after(State(request.state), Step.UNDO) is None:
        raise TooLateToUndo("The request has moved on meanwhile.")
    if request.state == State.APPROVED:
        mark_unverified(member_id=request.member_id)
    _move(request, Step.UNDO)
    request.claimed_by_id, request.claimed_until = reviewer_id, moment + LEASE
    request.decided_at, request.asked_for = None, ""
    request.save()
    decision.undone_at = moment
    decision.save(update_fields=["undone_at"])
    _note("decision_undone", request, reviewer_id, verdict=decision.verdict)
    tell(request.member_id)


@transaction.atomic
def revoke(*, request_id: UUID, reviewer_id: UUID, note: str) -> Decision:
    """The member is not verified any more, everywhere at once, and reads why. Owners alone do this.

    Raises `NotFound`, `RequestMoved`, and `InvalidInput` without a reason.
    """
    if not note.strip():
        raise InvalidInput("Say why: the member reads it.")
    levels = users.levels_of(reviewer_id)
    if Level.OWNER not in levels:
        raise NotFound
    request = queries.request_for(reviewer_id, levels, request_id, for_update=True)
    if request.state != State.APPROVED:
        raise RequestMoved("Only what was approved can be revoked.")
    mark_unverified(member_id=request.member_id)
    return _decide(request, reviewer_id, Verdict.REVOKED, Step.REVOKE, note=note, after_ms=0)


@transaction.atomic
def settle(*, decision_id: UUID) -> None:
    """A decision that was not taken back is told to its member by whoever hears `VerificationSettled`.

    Nobody is told whose account is closed: what was erased must not come back as a notice.
    """
    told = Decision.objects.filter(id=decision_id, undone_at=None, request__member__is_active=True)
    decision = told.exclude(verdict__in=NOT_FINAL).select_related("request").first()
    if decision is not None:
        publish(VerificationSettled(decision.request.member_id, decision.pk, decision.verdict))


def _held(request_id: UUID, reviewer_id: UUID) -> VerificationRequest:
    """The locked request that this reviewer has claimed. Levels are read anew: one that was withdrawn a
    moment ago decides nothing. Raises `NotFound`, `NotClaimed`, `RequestMoved` or `HandedOn`.
    """
    levels = users.levels_of(reviewer_id)
    request = queries.request_for(reviewer_id, levels, request_id, for_update=True)
    _check_may_take(request, reviewer_id, levels)
    if request.state not in (State.PENDING, State.CLAIMED):
        raise _MOVED
    if not rules.is_held_by(queries.standing_of(request), reviewer_id, clock.now()):
        raise NotClaimed("Your claim has ended or was never made. Claim it again; nothing was decided.")
    return request


def _check_may_take(request: VerificationRequest, reviewer_id: UUID, levels: frozenset[str]) -> None:
    if queries.handed_on_by(reviewer_id, [request]):
        raise HandedOn("You have handed it on. Now a colleague decides it; nothing was changed.")
    if not rules.may_take(levels, request.escalated_to):
        raise HandedOn("It was handed on to an owner. Nothing was changed.")


def _move(request: VerificationRequest, step: Step) -> None:
    state = rules.after(State(request.state), step)
    if state is None:
        raise _MOVED
    request.state = state.value
    request.claimed_by_id = request.claimed_until = None
    if state not in OPEN:
        request.open_of = None
    else:
        request.open_of_id = request.member_id


def _decide(
    request: VerificationRequest,
    reviewer_id: UUID,
    verdict: Verdict,
    step: Step,
    *,
    why: Why | None = None,
    note: str = "",
    after_ms: int = _TOLD_AFTER_MS,
) -> Decision:
    _move(request, step)
    moment = clock.now()
    if verdict not in NOT_FINAL:
        request.decided_at = moment
    request.save()
    decision = Decision.objects.create(
        request=request,
        reviewer_id=reviewer_id,
        verdict=verdict,
        why=why or "",
        note=" ".join(note.split())[:500],
        waited_ms=int((moment - request.submitted_at).total_seconds() * 1000),
        created_at=moment,
    )
    _note(verdict.value, request, reviewer_id, **({"why": why.value} if why else {}))
    publish(DecisionMade(decision.pk), after_ms=after_ms)
    tell(request.member_id)
    return decision


def _parts(parts: frozenset[Part]) -> str:
    return " ".join(sorted(parts))


def _note(act: str, request: VerificationRequest, reviewer_id: UUID, **detail: str) -> None:
    record(
        act=f"verification.{act}",
        actor_id=reviewer_id,
        subject_id=request.member_id,
        object_id=request.pk,
        **detail,
    )
