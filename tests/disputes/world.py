"""Bob bought a lamp of alice and says that it is not as described; fay and gil look after money."""

from __future__ import annotations

from uuid import UUID

from beyou.disputes import services
from beyou.disputes.models import Claim
from beyou.disputes.rules import Reason
from beyou.orders import services as orders
from beyou.orders.models import SubOrder
from beyou.payments.models import Payment
from beyou.payments.queries import money_health
from beyou.users.models import User
from beyou.users.rules import Level
from tests.factories import members
from tests.orders.world import balance, buy, offer, settle_down, trader


def bought(seller: User, buyer: User, *, price: int = 2400) -> SubOrder:
    """Paid and on its way."""
    part = buy(buyer, offer(seller, price=price)).parts.select_related("order").get()
    orders.ship(seller_id=seller.pk, number=part.number, carrier="Post", tracking="3S1")
    part.refresh_from_db()
    return part


def delivered(seller: User, buyer: User, *, price: int = 2400) -> SubOrder:
    """Confirmed, so that the money is the seller's."""
    part = bought(seller, buyer, price=price)
    orders.confirm(buyer_id=buyer.pk, number=part.number)
    part.refresh_from_db()
    return part


def claim(
    part: SubOrder, *, reason: Reason = Reason.NOT_AS_DESCRIBED, text: str = "It is made of tin."
) -> Claim:
    return services.claim(buyer_id=part.order.buyer_id, number=part.number, reason=reason, text=text)


def contested(part: SubOrder) -> Claim:
    """It waits for the staff."""
    made = claim(part)
    services.contest(seller_id=part.seller_id, claim_id=made.pk, text="It is brass.")
    made.refresh_from_db()
    return made


def clerk(handle: str) -> User:
    """One of the finance staff."""
    return members.staff(Level.FINANCE, handle=handle)


def held(made: Claim, staff: User) -> Claim:
    services.hold(claim_id=made.pk, staff_id=staff.pk)
    made.refresh_from_db()
    return made


def check_books() -> None:
    """Everything that is due has happened, and the books are sound."""
    settle_down()
    assert money_health().is_sound, money_health().wrong


def kept_outside(*people: UUID) -> int:
    """What the bank keeps for us, as our books say: what was paid, less what went back."""
    paid = sum(Payment.objects.filter(state="settled").values_list("amount_minor", flat=True))
    return paid - sum(Payment.objects.values_list("refunded_minor", flat=True))


__all__ = [
    "balance", "bought", "check_books", "claim", "clerk", "contested", "delivered", "held", "kept_outside",
    "offer", "settle_down", "trader",
]  # fmt: skip
