"""What the staff may decide about members, how long it counts, and who may decide on it. Pure."""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID


class Kind(StrEnum):
    WARNING = "warning"
    REMOVAL = "removal"  # Something that the member said or offered was taken away.
    LIMIT = "limit"  # Strangers are out of the member's reach, for a time.
    SUSPENSION = "suspension"


class Reason(StrEnum):
    HARASSMENT = "harassment"
    SPAM = "spam"
    SCAM = "scam"
    ILLEGAL = "illegal"
    FALSE_IDENTITY = "false_identity"
    OTHER = "other"


#: As the member reads it.
REASONS: Final[dict[Reason, str]] = {
    Reason.HARASSMENT: "Harassment",
    Reason.SPAM: "Spam",
    Reason.SCAM: "Cheating in trades",
    Reason.ILLEGAL: "Something that the law forbids",
    Reason.FALSE_IDENTITY: "A false identity",
    Reason.OTHER: "Something else",
}


#: What a limit means, as the member reads it.
LIMITED: Final = (
    "Until then people who are not your friends do not find you or what you sell in lists and searches. You"
    " cannot ask them to be your friends or begin chats with them, and you cannot put more on the market."
    " With your friends nothing changes, and whatever you bought or sold goes on."
)


class State(StrEnum):
    """How a decision stands. Only `SERVED` follows from the time."""

    PROPOSED = "proposed"  # For ever: a second of the staff must agree before it counts.
    ACTIVE = "active"
    SERVED = "served"  # Its time is over.
    LIFTED = "lifted"  # Taken back by the staff, also after an appeal.
    REFUSED = "refused"  # The second did not agree; it never counted.


#: What counts, now or in the past.
COUNTED: Final = frozenset({State.ACTIVE, State.SERVED})


class AppealState(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"  # The decision stays.
    GRANTED = "granted"  # The decision was lifted.


#: For how many days a member may be limited or suspended; a suspension without any is for ever.
DAYS: Final = (1, 3, 7, 14, 30, 90)
FOR_EVER: Final = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
#: So long a decision counts against a member.
COUNTS_FOR: Final = dt.timedelta(days=180)
MOST_WORDS: Final = 1000


def fits(kind: Kind, days: int | None) -> bool:
    """Whether a decision of this kind can last so many days."""
    if days is None:
        return kind is not Kind.LIMIT
    return kind in (Kind.LIMIT, Kind.SUSPENSION) and days in DAYS


def ends(begins: dt.datetime, days: int | None) -> dt.datetime:
    """When what lasts so many days ends; without days it does not."""
    return FOR_EVER if days is None else begins + dt.timedelta(days=days)


def shown(state: State, until: dt.datetime | None, now: dt.datetime) -> State:
    """How a decision stands at this moment: the time alone ends it."""
    if state is State.ACTIVE and until is not None and until <= now:
        return State.SERVED
    return state


@dataclass(frozen=True, slots=True)
class Past:
    """A decision of the past: what it was, how long, and when it began to count."""

    kind: Kind
    days: int | None
    began: dt.datetime


def strikes(past: Iterable[Past], now: dt.datetime) -> int:
    """A suspension counts two, everything else one, each for half a year."""
    recent = [each for each in past if now - each.began < COUNTS_FOR]
    return sum(2 if each.kind is Kind.SUSPENSION else 1 for each in recent)


def usual(strikes: int) -> str:
    """What is usual after so many strikes. Only a hint: people decide."""
    if strikes == 0:
        return "a warning"
    if strikes == 1:
        return "a limit of 7 days, or a suspension of 3 days"
    if strikes <= 3:
        return "a suspension of 14 days"
    return "a suspension of 90 days, or for ever"


def may_second(proposer_id: UUID | None, other_id: UUID) -> bool:
    """Whoever proposed something for ever is not the second who agrees to it."""
    return proposer_id != other_id


def may_decide_appeal(deciders: Iterable[UUID | None], other_id: UUID) -> bool:
    """Nobody judges what they decided themselves."""
    return other_id not in deciders


def why_it_stays(standing: State, *, is_for_ever: bool, has_appeal: bool) -> str:
    """Why whoever decided does not undo it by themselves; empty when nobody else has had a part in it."""
    if is_for_ever:
        return "A suspension for ever is decided by two. Your colleague can say no on the page of decisions."
    if has_appeal:
        return "The member has objected. Somebody else of the staff answers on the page of decisions."
    if standing is not State.ACTIVE:
        return "What was decided about the member counts no more."
    return ""


RECORD_FORMAT: Final = "beyou/decision-record/1"


def written_down(
    *, number: int, decision_id: UUID, member: tuple[UUID, str], what: str, at: dt.datetime, **said: Any
) -> str:
    """The record of one step of a decision, as JSON that a person can read. `what` became of it; dates are
    in UTC, and what does not apply is left out.
    """
    told = {
        name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in said.items()
    }
    record = {
        "format": RECORD_FORMAT,
        "decision": str(decision_id),
        "number": number,
        "what": what,
        "at": at.isoformat(),
        "member": {"id": str(member[0]), "handle": member[1]},
        **{name: value for name, value in told.items() if value not in (None, "")},
    }
    return json.dumps(record, indent=2)
