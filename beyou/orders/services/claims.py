"""What a claim does to the part of an order that it is about. Whether somebody may claim is decided above."""

from uuid import UUID

from beyou.core import clock
from beyou.core.transactions import retried
from beyou.orders.models import SubOrder
from beyou.orders.rules import Actor, Step, What
from beyou.orders.services.shipping import locked, move, refund, share_of, tell
from beyou.payments import services as payments


@retried
def freeze(*, part_id: UUID, buyer_id: UUID) -> SubOrder:
    """The part counts neither as delivered nor as paid off until somebody thaws it, and what the seller still
    has of its money is held again. Raises `OrderMoved`.
    """
    part = locked(part_id)
    move(part, Step.DISPUTE, Actor.BUYER)
    payments.hold_again(share_reference=share_of(part))
    tell(part, What.DISPUTED, Actor.BUYER, buyer_id)
    return part


@retried
def thaw(*, part_id: UUID, refund_minor: int, actor: Actor, actor_id: UUID | None, key: str) -> SubOrder:
    """So much goes back to the buyer, once for the key, and the rest is the seller's. Where the seller was
    paid out meanwhile, the instance lays out what is missing. Raises `OrderMoved`, and `ValueError` for more
    than was paid.
    """
    part = locked(part_id)
    if not 0 <= refund_minor <= part.total_minor:
        raise ValueError("a refund lies between nothing and everything")
    is_whole = refund_minor == part.total_minor
    move(part, Step.REFUND if is_whole else Step.RELEASE, actor)
    # Delivered is delivered: the time for claims runs from the first time.
    part.ended_at = part.ended_at or clock.now()
    if refund_minor:
        refund(part, "claim", amount_minor=refund_minor, key=key, may_owe=True)
    if not is_whole:
        payments.release(share_reference=share_of(part))
    tell(part, What.SETTLED, actor, actor_id, str(refund_minor))
    return part
