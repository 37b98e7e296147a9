"""What the two sides of an offer learn: a row of its history, a notice, and a live frame."""

import orjson
from django.db import transaction

from beyou.core.ports import realtime
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.offers.models import Offer, OfferMove
from beyou.offers.rules import Side, What


def note(offer: Offer, what: What, side: Side | None) -> None:
    """The history has one more row; open pages of both look again after the commit."""
    OfferMove.objects.create(
        offer=offer, what=what.value, side=side.value if side else "", price_minor=offer.price_minor
    )
    rooms = [realtime.member_room(offer.buyer_id), realtime.member_room(offer.seller_id)]
    frame = orjson.dumps({"type": "offer", "offer": str(offer.pk)})
    transaction.on_commit(lambda: realtime.publish(rooms, frame))


def tell_other(offer: Offer, side: Side, kind: Kind) -> None:
    """The other side has a notice of what this one did."""
    me, other = (offer.buyer_id, offer.seller_id) if side is Side.BUYER else (offer.seller_id, offer.buyer_id)
    notify(member_id=other, kind=kind, actor_id=me, target=f"/offers/{offer.pk}")
