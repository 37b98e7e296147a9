"""Trades between the people of the tests, delivered, without their payments."""

import time

from django.db import transaction

from beyou.core import clock, events
from beyou.orders.models import SubOrder
from beyou.orders.rules import Actor, What
from beyou.orders.services.recording import record
from beyou.reviews import services
from beyou.reviews.models import Rating
from beyou.users.models import User
from tests.orders.world import bare_order

DAY_MS = 24 * 3600 * 1000


def delivered(buyer: User, seller: User) -> SubOrder:
    """A part of an order that has arrived just now."""
    part = bare_order(buyer, seller)
    part.state, part.ended_at = "delivered", clock.now()
    part.save()
    with transaction.atomic():
        record(part.order, What.DELIVERED, Actor.BUYER, part=part, actor_id=buyer.pk, detail="")
    return part


def rate(member: User, part: SubOrder, stars: int = 5, text: str = "All went well.") -> Rating:
    return services.rate(member_id=member.pk, number=part.number, stars=stars, text=text)


def both_rate(part: SubOrder, of_seller: int = 5, of_buyer: int = 5) -> tuple[Rating, Rating]:
    """Both ratings, which both sides may read: the buyer's and the seller's."""
    one = services.rate(
        member_id=part.order.buyer_id, number=part.number, stars=of_seller, text="Well packed."
    )
    two = services.rate(member_id=part.seller_id, number=part.number, stars=of_buyer, text="Paid at once.")
    one.refresh_from_db()
    return one, two


def pass_days(days: float) -> None:
    """So much further than it is now."""
    clock.shift(clock.now_ms() - time.time_ns() // 1_000_000 + round(days * DAY_MS))


def drain() -> None:
    while events.drain():
        pass
