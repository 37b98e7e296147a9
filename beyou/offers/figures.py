"""What statistics may know of offers."""

from uuid import UUID

from beyou.core import clock
from beyou.offers.models import Offer
from beyou.offers.rules import Side, State


def to_answer(seller_id: UUID) -> int:
    """How many offers wait for a word of this seller. One statement."""
    rows = Offer.objects.filter(seller_id=seller_id, state=State.OPEN, until__gt=clock.now())
    return rows.filter(turn=Side.SELLER).count()
