"""How a claim moves, who moves it and until when. Pure: no Django, clock or chance."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

#: A claim is words, some pictures and some messages; nobody reads a hundred.
TEXT_LENGTH: Final = 2000
MOST_PICTURES: Final = 6
MOST_MESSAGES: Final = 20
MOST_ENTRIES: Final = 20
#: Whoever takes a claim back may make another one, but not for ever.
MOST_CLAIMS: Final = 3
#: So long a parcel may take before it counts as one that never arrives.
ARRIVAL: Final = dt.timedelta(days=3)
#: For how long one of the staff keeps a claim to themselves.
LEASE: Final = dt.timedelta(minutes=15)


class Reason(StrEnum):
    """What is wrong."""

    NOT_ARRIVED = "not_arrived"
    NOT_AS_DESCRIBED = "not_as_described"
    DAMAGED = "damaged"
    WRONG_THING = "wrong_thing"
    INCOMPLETE = "incomplete"


REASONS: Final[Mapping[Reason, str]] = {
    Reason.NOT_ARRIVED: "It never arrived",
    Reason.NOT_AS_DESCRIBED: "It is not as described",
    Reason.DAMAGED: "It came damaged",
    Reason.WRONG_THING: "It is another thing",
    Reason.INCOMPLETE: "Something is missing",
}


class State(StrEnum):
    """How a claim stands."""

    OPEN = "open"  # The seller's turn.
    OFFERED = "offered"  # The buyer's turn: a part of the money is offered.
    REVIEW = "review"  # The turn of the staff.
    ACCEPTED = "accepted"  # The seller gave everything back.
    AGREED = "agreed"  # The buyer took the offer.
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


WORDS: Final[Mapping[State, str]] = {
    State.OPEN: "Waits for the seller",
    State.OFFERED: "Waits for the buyer",
    State.REVIEW: "Waits for our staff",
    State.ACCEPTED: "The seller gave the money back",
    State.AGREED: "Both agreed",
    State.DECIDED: "Decided",
    State.WITHDRAWN: "Taken back",
}

OPEN: Final = frozenset({State.OPEN, State.OFFERED, State.REVIEW})


class Side(StrEnum):
    """Who says or does something."""

    BUYER = "buyer"
    SELLER = "seller"
    STAFF = "staff"
    CLOCK = "clock"


class Step(StrEnum):
    """What happens to a claim; the entry in its history is called alike."""

    CLAIM = "claim"
    SAY = "say"
    ACCEPT = "accept"
    OFFER = "offer"
    CONTEST = "contest"
    AGREE = "agree"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    ESCALATE = "escalate"
    PROPOSE = "propose"
    DECIDE = "decide"


ENTRY_WORDS: Final[Mapping[Step, str]] = {
    Step.CLAIM: "reported a problem",
    Step.SAY: "added something",
    Step.ACCEPT: "gives everything back",
    Step.OFFER: "offers a part of the money",
    Step.CONTEST: "disagrees, so our staff decide",
    Step.AGREE: "took the offer",
    Step.DECLINE: "did not take the offer, so our staff decide",
    Step.WITHDRAW: "took the claim back",
    Step.ESCALATE: "The time to answer is over, so our staff decide",
    Step.PROPOSE: "proposes a decision; a colleague must agree",
    Step.DECIDE: "decided",
}

_NEXT: Final[dict[tuple[State, Step, Side], State]] = {
    (State.OPEN, Step.ACCEPT, Side.SELLER): State.ACCEPTED,
    (State.OFFERED, Step.ACCEPT, Side.SELLER): State.ACCEPTED,
    (State.REVIEW, Step.ACCEPT, Side.SELLER): State.ACCEPTED,
    (State.OPEN, Step.OFFER, Side.SELLER): State.OFFERED,
    # A better offer takes the place of the last one.
    (State.OFFERED, Step.OFFER, Side.SELLER): State.OFFERED,
    (State.OPEN, Step.CONTEST, Side.SELLER): State.REVIEW,
    (State.OFFERED, Step.AGREE, Side.BUYER): State.AGREED,
    (State.OFFERED, Step.DECLINE, Side.BUYER): State.REVIEW,
    **{(state, Step.WITHDRAW, Side.BUYER): State.WITHDRAWN for state in OPEN},
    (State.OPEN, Step.ESCALATE, Side.CLOCK): State.REVIEW,
    (State.OFFERED, Step.ESCALATE, Side.CLOCK): State.REVIEW,
    (State.REVIEW, Step.PROPOSE, Side.STAFF): State.REVIEW,
    (State.REVIEW, Step.DECIDE, Side.STAFF): State.DECIDED,
    # A side whose account is erased gives up.
    **{(state, Step.ACCEPT, Side.CLOCK): State.ACCEPTED for state in OPEN},
    **{(state, Step.WITHDRAW, Side.CLOCK): State.WITHDRAWN for state in OPEN},
    **{(state, Step.SAY, side): state for state in OPEN for side in (Side.BUYER, Side.SELLER)},
}


def after(state: State, step: Step, side: Side) -> State | None:
    """The state after the step; None when it does not lead on from there or is not this side's to take."""
    return _NEXT.get((state, step, side))


def steps_of(state: State, side: Side) -> frozenset[Step]:
    """What the side may do now."""
    return frozenset(step for (begin, step, who) in _NEXT if begin is state and who is side)


class Refusal(StrEnum):
    """Why nobody can claim about a part."""

    NOT_SENT = "not_sent"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    OPEN = "open"
    SETTLED = "settled"
    TOO_OFTEN = "too_often"


REFUSALS: Final[Mapping[Refusal, str]] = {
    Refusal.NOT_SENT: "It was not sent yet. If the seller is late, call it off on the page of the order.",
    Refusal.TOO_EARLY: "Parcels take some days. Three days after it was sent you can report it missing.",
    Refusal.TOO_LATE: "The time to report a problem with this order is over.",
    Refusal.OPEN: "A claim about this is open already.",
    Refusal.SETTLED: "A claim about this was settled, and that is final.",
    Refusal.TOO_OFTEN: "You took your claims about this back too often.",
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """What of a part decides whether its buyer may claim."""

    state: str
    shipped_at: dt.datetime | None
    ended_at: dt.datetime | None


def may_claim(
    parcel: Parcel, reason: Reason | None, former: list[State], *, days: int, now: dt.datetime
) -> Refusal | None:
    """None when the buyer may claim; without a reason, whether any would do. `former` are the states of the
    claims that were made about it.
    """
    if any(state in OPEN for state in former) or parcel.state == "disputed":
        return Refusal.OPEN
    if any(state is not State.WITHDRAWN for state in former) or parcel.state == "refunded":
        return Refusal.SETTLED
    if len(former) >= MOST_CLAIMS:
        return Refusal.TOO_OFTEN
    if parcel.state == "delivered" and parcel.ended_at is not None:
        return Refusal.TOO_LATE if now >= parcel.ended_at + dt.timedelta(days=days) else None
    if parcel.state != "shipped" or parcel.shipped_at is None:
        return Refusal.NOT_SENT
    is_missing = reason is Reason.NOT_ARRIVED
    return Refusal.TOO_EARLY if is_missing and now < parcel.shipped_at + ARRIVAL else None


# Decisions


def needs_two(total_minor: int, threshold_minor: int) -> bool:
    """Whether two of the staff must agree about so much money."""
    return total_minor >= threshold_minor


def is_agreed(
    *, proposed_by: UUID | None, proposed_minor: int | None, staff_id: UUID, refund_minor: int
) -> bool:
    """Whether this one says what another one has proposed."""
    return proposed_by is not None and proposed_by != staff_id and proposed_minor == refund_minor


def is_impartial(staff_id: UUID, parties: frozenset[UUID], friends: frozenset[UUID]) -> bool:
    """Nobody decides what is their own or their friend's."""
    return staff_id not in parties and not parties & friends
