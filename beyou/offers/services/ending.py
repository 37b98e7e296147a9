"""How offers go on in a checkout, and how they end without an answer."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from beyou.core import clock, personal
from beyou.core.transactions import retried
from beyou.marketplace import services as stock
from beyou.offers import rules
from beyou.offers.errors import OfferOver
from beyou.offers.locks import lock_offers
from beyou.offers.models import Offer
from beyou.offers.rules import LIVE, Side, State, What
from beyou.offers.services.make import close
from beyou.offers.services.telling import note

_OVER = "The agreed price does not count any more. Your cart shows what it costs now; nothing was charged."


@retried
def keep(*, buyer_id: UUID, offer_ids: Sequence[UUID], until: dt.datetime) -> None:
    """What these agreements hold stays held at least until then, for a checkout that began in time.

    Raises `OfferOver` when one of them does not bind any more, or would for longer than a checkout takes.
    """
    found = lock_offers(offer_ids)
    if len(found) < len(set(offer_ids)):
        raise OfferOver(_OVER)
    for offer in found:
        last = (offer.agreed_at or clock.now()) + rules.BINDING + rules.GRACE
        wanted = max(offer.until, until)
        is_bound = offer.buyer_id == buyer_id and offer.standing is State.ACCEPTED
        if not is_bound or wanted > last or not stock.extend(order_id=offer.pk, until=wanted):
            raise OfferOver(_OVER)
        offer.until = wanted
        offer.save(update_fields=["until"])


@retried
def buy(*, offer_ids: Sequence[UUID]) -> None:
    """The things of these agreements are bought. Call it where their holds are consumed."""
    for offer in lock_offers(offer_ids):
        close(offer, State.BOUGHT)
        note(offer, What.BOUGHT, Side.BUYER)


def sweep(limit: int = 200) -> int:
    """Offers whose time is up say so, and their things are free. Returns how many there were."""
    due = Offer.objects.filter(state__in=LIVE, until__lte=clock.now()).order_by("until")
    ids = list(due.values_list("id", flat=True)[:limit])
    return sum(_end(offer_id, State.LAPSED, What.LAPSED) for offer_id in ids)


@retried
def _end(offer_id: UUID, state: State, what: What) -> int:
    """The offer is over, unless it is already or, for the clock, has got more time. Returns 1 or 0."""
    for offer in lock_offers([offer_id]):
        is_due = state is not State.LAPSED or offer.standing is State.LAPSED
        if offer.state not in LIVE or not is_due:
            continue
        if offer.state == State.ACCEPTED:
            stock.release(order_id=offer.pk)
        close(offer, state)
        note(offer, what, None)
        return 1
    return 0


def end_between(*, one_id: UUID, other_id: UUID) -> None:
    """Nothing is open or agreed between the two any more."""
    pair = Q(buyer_id=one_id, seller_id=other_id) | Q(buyer_id=other_id, seller_id=one_id)
    for offer_id in list(Offer.objects.filter(pair, state__in=LIVE).values_list("id", flat=True)):
        _end(offer_id, State.ENDED, What.ENDED)


def erase_member(*, member_id: UUID) -> None:
    """Nothing is held by an offer of the member, and the member's offers, vouchers and uses are gone."""
    mine = Q(buyer_id=member_id) | Q(seller_id=member_id)
    for offer_id in list(Offer.objects.filter(mine, state__in=LIVE).values_list("id", flat=True)):
        _end(offer_id, State.ENDED, What.ENDED)
    personal.erase_rows("offers", member_id)
