"""Several requests with one click. Each is a step of its own, by the rules of the single one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.verification.rules import Verdict, Why
from beyou.verification.services import review


@dataclass(frozen=True, slots=True)
class Several:
    """The requests that the step was taken with, and why it was not with the others: those stay."""

    done: list[UUID]
    left: dict[UUID, str]
    #: Of those that were approved the ones that still want another reviewer.
    seconded: frozenset[UUID] = frozenset()


def claim_many(*, reviewer_id: UUID, request_ids: Iterable[UUID]) -> Several:
    """Those of the requests that can be are this reviewer's, as `claim` says."""
    return _each(request_ids, partial(review.claim, reviewer_id=reviewer_id))


def release_many(*, reviewer_id: UUID, request_ids: Iterable[UUID]) -> Several:
    return _each(request_ids, partial(review.release, reviewer_id=reviewer_id))


def approve_many(*, reviewer_id: UUID, request_ids: Iterable[UUID]) -> Several:
    """Those that this reviewer holds are approved, as `approve` says."""
    seconded = set()

    def approve(*, request_id: UUID) -> None:
        if review.approve(request_id=request_id, reviewer_id=reviewer_id).verdict == Verdict.SECONDED:
            seconded.add(request_id)

    several = _each(request_ids, approve)
    return Several(several.done, several.left, frozenset(seconded))


def reject_many(*, reviewer_id: UUID, request_ids: Iterable[UUID], why: Why, note: str) -> Several:
    """Those that this reviewer holds are rejected for the same reason, as `reject` says. Raises
    `InvalidInput` for another reason without a note; then none is.
    """
    if why is Why.OTHER and not note.strip():
        raise InvalidInput("Say what the reason is: the members read the note.")
    return _each(request_ids, partial(review.reject, reviewer_id=reviewer_id, why=why, note=note))


def undo_many(*, reviewer_id: UUID, request_ids: Iterable[UUID]) -> Several:
    """The decisions of this reviewer about them never were, as `undo` says."""
    return _each(request_ids, partial(review.undo, reviewer_id=reviewer_id))


def _each(request_ids: Iterable[UUID], step: Callable[..., object]) -> Several:
    done: list[UUID] = []
    left: dict[UUID, str] = {}
    for request_id in dict.fromkeys(request_ids):
        try:
            step(request_id=request_id)
        except NotFound:
            left[request_id] = "It is gone, or not yours to judge."
        except ApplicationError as error:
            left[request_id] = error.detail
        else:
            done.append(request_id)
    return Several(done, left)
