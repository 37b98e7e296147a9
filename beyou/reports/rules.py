"""What can be reported, how a case stands, and who may judge it. Pure."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID


class Target(StrEnum):
    """What a report is about. A case is about one of them, whoever reported it."""

    MEMBER = "member"
    #: What one member wrote, as the reporter chose to show it.
    MESSAGES = "messages"
    ITEM = "item"
    ORDER = "order"


#: As the staff read it.
TARGETS: Final[dict[Target, str]] = {
    Target.MEMBER: "Member",
    Target.MESSAGES: "Messages",
    Target.ITEM: "Item",
    Target.ORDER: "Order",
}


class State(StrEnum):
    PENDING = "pending"
    INVESTIGATING = "investigating"  # Somebody of the staff took it.
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


OPEN: Final = frozenset({State.PENDING, State.INVESTIGATING})


class Origin(StrEnum):
    """Who brought something to the staff."""

    MEMBERS = "members"  # Members alone.
    FOUND = "found"  # The automatic help has a part in it.


class Hold(StrEnum):
    """Who works on a case."""

    FREE = "free"
    MINE = "mine"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases of the queue to show; what is None leaves it open."""

    target: Target | None = None
    origin: Origin | None = None
    hold: Hold | None = None


class Outcome(StrEnum):
    """How the staff ended a case."""

    DISMISSED = "dismissed"  # Nothing against the rules.
    SETTLED = "settled"  # Settled without a decision about anybody.
    WARNED = "warned"
    LIMITED = "limited"
    SUSPENDED = "suspended"
    TAKEN_OFF = "taken_off"  # The item is off the market.
    REMOVED = "removed"  # What was reported is taken away, and whoever answers for it can object.


#: As whoever reported it reads it: what became of somebody else is between the staff and them.
OUTCOMES: Final[dict[Outcome, str]] = {
    Outcome.DISMISSED: "We looked at it and found nothing against the rules.",
    Outcome.SETTLED: "We looked at it, and it is settled.",
    Outcome.WARNED: "We looked at it and did something about it.",
    Outcome.LIMITED: "We looked at it and did something about it.",
    Outcome.SUSPENDED: "We looked at it and did something about it.",
    Outcome.TAKEN_OFF: "We looked at it and did something about it.",
    Outcome.REMOVED: "We looked at it and took it away.",
}

#: As the staff read it.
STAFF_OUTCOMES: Final[dict[Outcome, str]] = {
    Outcome.DISMISSED: "Dismissed",
    Outcome.SETTLED: "Settled without a decision",
    Outcome.WARNED: "Warned",
    Outcome.LIMITED: "Limited",
    Outcome.SUSPENDED: "Suspended",
    Outcome.TAKEN_OFF: "Taken off the market",
    Outcome.REMOVED: "Taken away",
}


class Part(StrEnum):
    """What of a target can be taken away."""

    TEXT = "text"
    PICTURE = "picture"
    ITEM = "item"


#: As the member reads it.
PARTS: Final[dict[Part, str]] = {
    Part.TEXT: "the text of your profile",
    Part.PICTURE: "the picture of your profile",
    Part.ITEM: "what you offered on the market",
}

#: What can be taken away of each target.
REMOVABLE: Final[dict[Target, tuple[Part, ...]]] = {
    Target.MEMBER: (Part.TEXT, Part.PICTURE),
    Target.ITEM: (Part.ITEM,),
}


def told(parts: Iterable[Part], words: str) -> str:
    """What the member reads of a removal."""
    names = " and ".join(PARTS[each] for each in parts)
    return f"Taken away: {names}.\n\n{words}"


def told_of_messages(count: int, words: str) -> str:
    """What the author reads of so many removed messages."""
    name = "a message that you wrote" if count == 1 else f"{count} messages that you wrote"
    return f"Removed: {name}. The chat says so in the same place.\n\n{words}"


#: How long a case is kept for whoever took it.
LEASE: Final = dt.timedelta(minutes=15)
#: So long whoever decided a case can undo that.
UNDO: Final = dt.timedelta(minutes=10)
MOST_WORDS: Final = 1000
MOST_MESSAGES: Final = 20
MOST_PICTURES: Final = 3
#: What the automatic help may add to one case.
MOST_FINDINGS: Final = 20
#: Cases that one click may dismiss.
MOST_AT_ONCE: Final = 50


def ended(outcome: Outcome) -> State:
    """How a case stands that ended so."""
    return State.DISMISSED if outcome is Outcome.DISMISSED else State.RESOLVED


#: Cases that end so end with a decision about whoever answers for them.
SANCTIONED: Final = frozenset({Outcome.WARNED, Outcome.LIMITED, Outcome.SUSPENDED, Outcome.REMOVED})


def key_of(target: Target, target_id: UUID) -> str:
    """What of two open cases differs."""
    return f"{target.value}:{target_id}"


def needs_words(target: Target) -> bool:
    """Messages speak for themselves."""
    return target is not Target.MESSAGES
