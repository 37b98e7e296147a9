"""The demo's trades: paid with the pretended bank's cards, one at each point of its way."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.conf import settings

from beyou.core import events
from beyou.disputes import services as claims
from beyou.disputes.rules import Reason
from beyou.marketplace.models import Item
from beyou.marketplace.rules import State
from beyou.orders import queries
from beyou.orders import services as orders
from beyou.orders.models import SubOrder
from beyou.payments.services import do_next_task
from beyou.reviews import services as reviews
from beyou.sandbox.models import BankCharge
from beyou.sandbox.rules import Card
from beyou.sandbox.services import counter, notices
from beyou.users.models import User

_STREETS: Final = ("1 Harbour Road", "2 Mill Lane", "3 Church Square")
#: So many of each seller's things are left alone: offers are made for them.
_KEPT: Final = 1


def trade(seller_ids: Sequence[UUID]) -> None:
    """Of three sellers who buy from each other: one part waits to be sent, one is on its way, one arrived and
    is rated by both sides, and about one there is a claim. Nothing is bought where only real money pays.
    """
    if settings.PAYMENT_GATEWAY != notices.NAME:
        return
    first, second, third = seller_ids
    sold = {
        seller: list(Item.objects.filter(seller_id=seller, state=State.AVAILABLE).order_by("-id")[_KEPT:])
        for seller in seller_ids
    }
    if any(len(things) < 2 for things in sold.values()):
        return
    _buy(third, sold[second][0])
    on_its_way = _buy(first, sold[second][1])
    _send(on_its_way)
    done = _buy(third, sold[first][0])
    _send(done)
    orders.confirm(buyer_id=third, number=done.number)
    _settle()
    reviews.rate(member_id=third, number=done.number, stars=5, text="Just as described, and well packed.")
    reviews.rate(member_id=first, number=done.number, stars=5, text="Paid at once.")
    doubtful = _buy(second, sold[third][0])
    _send(doubtful)
    orders.confirm(buyer_id=second, number=doubtful.number)
    _settle()
    text = "There is a crack in it that no picture shows."
    claims.claim(buyer_id=second, number=doubtful.number, reason=Reason.NOT_AS_DESCRIBED, text=text)
    _settle()


def _buy(buyer_id: UUID, item: Item) -> SubOrder:
    """The buyer has paid for one of it."""
    variant = item.variants.order_by("position")[0]
    orders.put(member_id=buyer_id, variant_id=variant.pk, quantity=1)
    order = orders.start(member_id=buyer_id)
    buyer = User.objects.get(pk=buyer_id)
    address = {
        "name": buyer.name,
        "street": _STREETS[buyer_id.int % len(_STREETS)],
        "postcode": "1071 AB",
        "city": "Amsterdam",
        "country": "Netherlands",
    }
    choices = orders.Choices(address=address, ways={})
    orders.pay(member_id=buyer_id, number=order.number, choices=choices, seen_minor=order.total_minor)
    order.refresh_from_db()
    attempt = queries.current_attempt(order)
    if attempt is None or attempt.payment_id is None:
        raise RuntimeError("The order has no payment.")
    counter.pay(reference=BankCharge.objects.get(key=attempt.payment_id).reference, card=Card.SUCCESS)
    _settle()
    return SubOrder.objects.select_related("order").get(order=order)


def _send(part: SubOrder) -> None:
    orders.ship(seller_id=part.seller_id, number=part.number, carrier="Post", tracking="3S DEMO 1")
    _settle()


def _settle() -> None:
    """Nothing is left that is due at this moment."""
    while notices.deliver_next() or do_next_task() or events.drain():
        pass
