"""What the ledger keeps of a rating: from the moment when both sides may read it."""

from typing import Final

from beyou.core import clock
from beyou.ledger.services import NewStep, begin_step_erasure, record_steps
from beyou.ledger.steps import Actor, Step
from beyou.reviews.models import Rating
from beyou.reviews.rules import Side, facts_of

_ACTORS: Final = {Side.BUYER: Actor.BUYER, Side.SELLER: Actor.SELLER}


def record_rating(rating: Rating) -> None:
    """The rating as it is shown now is a step of its part of the order. Inside the transaction that shows or
    changes it, and under the lock of the order. Before it is shown nothing is recorded: the receipt of the
    order would tell the other side.
    """
    assert rating.number is not None  # It is shown.
    facts = facts_of(rating.side, rating.number, rating.stars, rating.text)
    part_id, actor = rating.exchange_id, _ACTORS[Side(rating.side)]
    record_steps([NewStep(part_id, Step.RATED, actor, rating.author_id, facts, clock.now_ms())])
    if rating.author.is_erased:
        # It waited for the other side, and whoever wrote it has left meanwhile.
        begin_step_erasure(member_id=rating.author_id)
