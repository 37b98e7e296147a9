from itertools import product

import pytest

from beyou.friends.rules import Relation, Step, after

POSSIBLE = {
    (Relation.NONE, Step.REQUEST): Relation.ASKED,
    (Relation.ASKS, Step.REQUEST): Relation.FRIEND,
    (Relation.ASKS, Step.ACCEPT): Relation.FRIEND,
    (Relation.ASKS, Step.DECLINE): Relation.NONE,
    (Relation.ASKED, Step.CANCEL): Relation.NONE,
    (Relation.FRIEND, Step.UNFRIEND): Relation.NONE,
    # What was done already stays done.
    (Relation.ASKED, Step.REQUEST): Relation.ASKED,
    (Relation.FRIEND, Step.REQUEST): Relation.FRIEND,
    (Relation.FRIEND, Step.ACCEPT): Relation.FRIEND,
    (Relation.NONE, Step.DECLINE): Relation.NONE,
    (Relation.NONE, Step.CANCEL): Relation.NONE,
    (Relation.NONE, Step.UNFRIEND): Relation.NONE,
}


@pytest.mark.parametrize(("relation", "step"), list(product(Relation, Step)))
def test_every_step_from_everywhere(relation: Relation, step: Step) -> None:
    assert after(relation, step) is POSSIBLE.get((relation, step))
