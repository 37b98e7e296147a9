"""A buyer names a price for things of one seller."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from beyou.core import clock, limits
from beyou.core.errors import NotFound
from beyou.core.transactions import retried
from beyou.marketplace import queries as market
from beyou.notifications.rules import Kind
from beyou.offers import rules
from beyou.offers.errors import BadPrice, BadThings, NoOffers, OfferMoved, ThingsGone
from beyou.offers.models import Offer, OfferThing
from beyou.offers.rules import Side, State, What
from beyou.offers.services.telling import note, tell_other
from beyou.verification.queries import check_verified


def make_offer(*, buyer_id: UUID, variant_ids: Sequence[UUID], price_minor: int) -> Offer:
    """The seller of these things is asked whether they go together, one of each, at this price.

    Raises `VerificationRequired`; `NotFound` for what this member cannot buy; `BadThings`; `ThingsGone`;
    `NoOffers`; `BadPrice`; `OfferMoved`, naming the offer, when one for the same things is live; and
    `RateLimited`.
    """
    check_verified(buyer_id)
    wanted = list(dict.fromkeys(variant_ids))
    if not 1 <= len(wanted) <= rules.MOST_THINGS:
        raise BadThings(f"An offer is for 1 to {rules.MOST_THINGS} things.")
    limits.check("offers.member", str(buyer_id))
    return _make(buyer_id, wanted, price_minor)


@retried
def _make(buyer_id: UUID, wanted: list[UUID], price_minor: int) -> Offer:
    found = _things(buyer_id, wanted)
    first = found[0]
    terms = market.terms_of([first.seller_id])[first.seller_id]
    if not terms.takes_offers:
        raise NoOffers("This seller sells at the price that stands there.")
    problem = rules.price_problem(
        price_minor,
        list_minor=sum(thing.price_minor for thing in found),
        terms=terms,
        side=Side.BUYER,
        currency=first.currency,
    )
    if problem:
        raise BadPrice(problem)
    key = hashlib.sha256(buyer_id.bytes + b"".join(sorted(each.bytes for each in wanted))).hexdigest()
    _make_room(key)
    offer = Offer.objects.create(
        buyer_id=buyer_id,
        seller_id=first.seller_id,
        price_minor=price_minor,
        currency=first.currency,
        until=clock.now() + rules.ANSWER_WITHIN,
        live_key=key,
    )
    OfferThing.objects.bulk_create(
        OfferThing(
            offer=offer,
            variant_id=thing.variant_id,
            item_id=thing.item_id,
            title=thing.title,
            variant_name=thing.variant,
            list_minor=thing.price_minor,
        )
        for thing in found
    )
    note(offer, What.OFFERED, Side.BUYER)
    tell_other(offer, Side.BUYER, Kind.OFFER_MADE)
    return offer


def _things(buyer_id: UUID, wanted: list[UUID]) -> "list[market.Offer]":
    """What can be bought of these, in this order; all of one seller."""
    buyable = market.buyable_for(buyer_id, wanted)
    if any(each not in buyable for each in wanted):
        raise NotFound
    found = [buyable[each] for each in wanted]
    if len({(each.seller_id, each.currency) for each in found}) > 1:
        raise BadThings("One offer is for the things of one seller.")
    taken = [each.title for each in found if each.available < 1]
    if taken:
        raise ThingsGone(f"Somebody else holds or has bought: {', '.join(taken)}. Nothing was offered.")
    return found


def _make_room(key: str) -> None:
    """Nothing live has this key any more. Raises `OfferMoved` while something is."""
    before = Offer.objects.select_for_update().filter(live_key=key).first()
    if before is None:
        return
    if before.standing is not State.LAPSED:
        raise OfferMoved("You have an offer for the same already. Look how it stands.", offer=before.pk)
    close(before, State.LAPSED)
    note(before, What.LAPSED, None)


def close(offer: Offer, state: State) -> None:
    """The locked offer is over."""
    offer.state, offer.live_key, offer.changed_at = state.value, None, clock.now()
    offer.save(update_fields=["state", "live_key", "changed_at"])
