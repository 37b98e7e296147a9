"""How two members can stand to each other, and what a step makes of it."""

from enum import StrEnum


class Relation(StrEnum):
    """How another member stands to me."""

    SELF = "self"
    NONE = "none"
    ASKED = "asked"  # I asked; the answer is out.
    ASKS = "asks"  # The other asked me.
    FRIEND = "friend"


class Step(StrEnum):
    """What I can do about it."""

    REQUEST = "request"
    ACCEPT = "accept"
    DECLINE = "decline"
    CANCEL = "cancel"
    UNFRIEND = "unfriend"


_AFTER: dict[tuple[Relation, Step], Relation] = {
    (Relation.NONE, Step.REQUEST): Relation.ASKED,
    # Whoever asks somebody who asked already says yes.
    (Relation.ASKS, Step.REQUEST): Relation.FRIEND,
    (Relation.ASKS, Step.ACCEPT): Relation.FRIEND,
    (Relation.ASKS, Step.DECLINE): Relation.NONE,
    (Relation.ASKED, Step.CANCEL): Relation.NONE,
    (Relation.FRIEND, Step.UNFRIEND): Relation.NONE,
}

_WANTED: dict[Step, frozenset[Relation]] = {
    Step.REQUEST: frozenset({Relation.ASKED, Relation.FRIEND}),
    Step.ACCEPT: frozenset({Relation.FRIEND}),
    Step.DECLINE: frozenset({Relation.NONE}),
    Step.CANCEL: frozenset({Relation.NONE}),
    Step.UNFRIEND: frozenset({Relation.NONE}),
}


def after(relation: Relation, step: Step) -> Relation | None:
    """How they stand after the step: as before when it was done already, None when it cannot be done."""
    if relation in _WANTED[step]:
        return relation
    return _AFTER.get((relation, step))
