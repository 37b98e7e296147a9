"""How a request moves, who may decide it, and in which words. Pure: no Django, clock or chance."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

from beyou.users.rules import Level, has_level, may_act_on


class State(StrEnum):
    """How a request stands."""

    PENDING = "pending"
    CLAIMED = "claimed"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class Step(StrEnum):
    """What somebody does with a request."""

    CLAIM = "claim"
    RELEASE = "release"
    SECOND = "second"
    APPROVE = "approve"
    REJECT = "reject"
    ASK = "ask"
    ESCALATE = "escalate"
    UNDO = "undo"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"


#: Of these a member has at most one; the others are history.
OPEN: Final = frozenset({State.PENDING, State.CLAIMED, State.RETURNED, State.REJECTED})
#: The member may send again what was asked for.
ANSWERABLE: Final = frozenset({State.RETURNED, State.REJECTED})

_NEXT: Final[dict[tuple[State, Step], State]] = {
    (State.PENDING, Step.CLAIM): State.CLAIMED,
    # A claim that ran out, or one's own that is renewed.
    (State.CLAIMED, Step.CLAIM): State.CLAIMED,
    (State.CLAIMED, Step.RELEASE): State.PENDING,
    (State.CLAIMED, Step.SECOND): State.PENDING,
    (State.CLAIMED, Step.APPROVE): State.APPROVED,
    (State.CLAIMED, Step.REJECT): State.REJECTED,
    (State.CLAIMED, Step.ASK): State.RETURNED,
    (State.CLAIMED, Step.ESCALATE): State.PENDING,
    (State.APPROVED, Step.UNDO): State.CLAIMED,
    (State.REJECTED, Step.UNDO): State.CLAIMED,
    (State.RETURNED, Step.UNDO): State.CLAIMED,
    (State.REJECTED, Step.RESUBMIT): State.PENDING,
    (State.RETURNED, Step.RESUBMIT): State.PENDING,
    (State.PENDING, Step.WITHDRAW): State.WITHDRAWN,
    (State.CLAIMED, Step.WITHDRAW): State.WITHDRAWN,
    (State.RETURNED, Step.WITHDRAW): State.WITHDRAWN,
    (State.REJECTED, Step.WITHDRAW): State.WITHDRAWN,
    (State.APPROVED, Step.REVOKE): State.REVOKED,
}


def after(state: State, step: Step) -> State | None:
    """The state after the step; None when the step does not lead on from there."""
    return _NEXT.get((state, step))


class Part(StrEnum):
    """What a request consists of."""

    IMAGE = "image"
    REASON = "reason"


class Why(StrEnum):
    """Why a request was rejected; each says what must be sent again."""

    UNREADABLE = "unreadable"
    CUT_OFF = "cut_off"
    COVERED = "covered"
    EXPIRED = "expired"
    OTHER_NAME = "other_name"
    NO_DOCUMENT = "no_document"
    UNCLEAR_REASON = "unclear_reason"
    OTHER = "other"


#: What the member reads.
WORDS: Final[dict[Why, str]] = {
    Why.UNREADABLE: "The picture is too blurred, dark or small to read.",
    Why.CUT_OFF: "A part of the document is cut off.",
    Why.COVERED: "The name, the portrait or the date of validity is covered.",
    Why.EXPIRED: "The document is no longer valid.",
    Why.OTHER_NAME: "The name in the document and the name on your profile differ.",
    Why.NO_DOCUMENT: "The picture does not show an identity document.",
    Why.UNCLEAR_REASON: "Your reason does not say why you want to be verified.",
    Why.OTHER: "Another reason, which the note says.",
}

_ALL_PARTS: Final = frozenset(Part)
_ONLY: Final[dict[Why, frozenset[Part]]] = {
    Why.UNCLEAR_REASON: frozenset({Part.REASON}),
    Why.OTHER: _ALL_PARTS,
}


def parts_to_fix(why: Why) -> frozenset[Part]:
    """What the member sends again after a rejection for this reason."""
    return _ONLY.get(why, frozenset({Part.IMAGE}))


class Verdict(StrEnum):
    """What a reviewer decided."""

    SECONDED = "seconded"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    ESCALATED = "escalated"
    REVOKED = "revoked"


#: What decides nothing yet: the request goes on waiting, and its member is told nothing.
NOT_FINAL: Final = frozenset({Verdict.SECONDED, Verdict.ESCALATED})
#: To whom a reviewer may hand a request on.
HELPERS: Final = (Level.VERIFIER, Level.OWNER)


def may_take(reviewer_levels: Collection[str], escalated_to: str) -> bool:
    """Whether a reviewer is one of those to whom the request was handed on, if it was."""
    return not escalated_to or has_level(reviewer_levels, Level(escalated_to))


#: How long a claim holds, and how long a decision may be taken back before its member is told.
LEASE: Final = dt.timedelta(minutes=15)
UNDO: Final = dt.timedelta(seconds=15)
#: Requests that one click may decide.
MOST_AT_ONCE: Final = 50
#: From so many decisions on their median is worth telling.
ENOUGH_DECISIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """What matters of a request when somebody wants to decide it."""

    state: State
    applicant_id: object
    claimed_by_id: object | None
    claimed_until: dt.datetime | None
    first_reviewer_id: object | None


def is_held_by(standing: Standing, reviewer_id: object, now: dt.datetime) -> bool:
    """Whether the reviewer has claimed the request and the claim still holds."""
    return (
        standing.state is State.CLAIMED
        and standing.claimed_by_id == reviewer_id
        and standing.claimed_until is not None
        and standing.claimed_until > now
    )


def may_review(
    reviewer_id: object,
    reviewer_levels: Collection[str],
    applicant_id: object,
    applicant_levels: Collection[str],
) -> bool:
    """Verifiers and owners; never their own request, nor that of an equal or of somebody above them."""
    return has_level(reviewer_levels, Level.VERIFIER) and may_act_on(
        reviewer_id, reviewer_levels, applicant_id, applicant_levels
    )


def needs_second(standing: Standing, *, four_eyes: bool) -> bool:
    """Whether an approval only asks for another reviewer's."""
    return four_eyes and standing.first_reviewer_id is None


def expected_wait(waits_ms: Sequence[int]) -> dt.timedelta | None:
    """The median of the last waits; None when there are too few to promise anything."""
    if len(waits_ms) < ENOUGH_DECISIONS:
        return None
    return dt.timedelta(milliseconds=median(waits_ms))
