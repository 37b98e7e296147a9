"""Whoever decided undoes it a moment later. What was told is not unsaid: the opposite is told as well."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from beyou.core import clock
from beyou.core.errors import ApplicationError, NotFound
from beyou.core.transactions import retried
from beyou.marketplace import services as market
from beyou.marketplace.queries.staff import staff_item
from beyou.moderation import services as moderation
from beyou.reports import queries
from beyou.reports.errors import CaseMoved
from beyou.reports.models import Case
from beyou.reports.rules import SANCTIONED, UNDO, Outcome
from beyou.reports.services.decide import note, open_again
from beyou.users import queries as users

#: The item leaves the market in the transaction that decides the case, a moment before.
_SAME_TIME: Final = dt.timedelta(seconds=30)
_MOVED: Final = "It is undone already, or something else has happened to it since. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Undone:
    """The cases that are open again, and of those that could not be, why."""

    cases: list[UUID]
    left: list[str]


def undo(*, actor_id: UUID, decision_id: UUID) -> Undone:
    """The cases of a decision of this one are open again and theirs, each for itself, and what was decided
    with them about members and items is taken back. For `UNDO` after the decision, and only while nothing
    else has happened to the case. Raises `CaseMoved`, which says why, when none of them could be.
    """
    decided = Case.objects.filter(decision_id=decision_id, decided_by_id=actor_id).order_by("id")
    done, left = [], []
    for case_id in list(decided.values_list("id", flat=True)):
        try:
            _undo(actor_id, case_id, decision_id)
        except ApplicationError as error:
            left.append(_MOVED if isinstance(error, NotFound) else error.detail)
        else:
            done.append(case_id)
    if not done:
        raise CaseMoved(left[0] if left else _MOVED)
    return Undone(done, left)


@retried
def _undo(actor_id: UUID, case_id: UUID, decision_id: UUID) -> None:
    row = queries.case_for(actor_id, users.levels_of(actor_id), case_id, for_update=True)
    if row.decision_id != decision_id or row.decided_by_id != actor_id or row.decided_at is None:
        raise CaseMoved(_MOVED)
    if row.decided_at + UNDO <= clock.now():
        raise CaseMoved(
            "It is too late to undo it. Open the case again; what was decided about a member is lifted on the"
            " page of the member."
        )
    outcome = Outcome(row.outcome)
    if outcome in SANCTIONED and row.sanction_id is not None:
        moderation.take_back(actor_id=actor_id, sanction_id=row.sanction_id)
        row.sanction = None
    elif outcome is Outcome.TAKEN_OFF:
        _put_back(actor_id, row.target_id, row.decided_at)
    open_again(row, actor_id)
    note("undone", row, actor_id, outcome=outcome.value)


def _put_back(actor_id: UUID, item_id: UUID, decided_at: dt.datetime) -> None:
    changed_at = staff_item(item_id).item.changed_at
    if not decided_at - _SAME_TIME <= changed_at <= decided_at:
        raise CaseMoved("The item was off the market before, or has changed since. Look at its page.")
    market.restore(actor_id=actor_id, item_id=item_id)
