"""The two sides of an offer answer each other, under its lock."""

from uuid import UUID

from beyou.blocks.queries import blocked_between
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.core.transactions import retried
from beyou.marketplace import queries as market
from beyou.marketplace import services as stock
from beyou.notifications.rules import Kind
from beyou.offers import rules
from beyou.offers.errors import BadPrice, OfferMoved, ThingsGone
from beyou.offers.locks import lock_offer
from beyou.offers.models import Offer, OfferThing
from beyou.offers.rules import Side, State, Step
from beyou.offers.services.make import close
from beyou.offers.services.telling import note, tell_other
from beyou.verification.queries import check_verified

_NOTICES = {
    Step.ACCEPT: Kind.OFFER_ACCEPTED,
    Step.DECLINE: Kind.OFFER_DECLINED,
    Step.COUNTER: Kind.OFFER_COUNTERED,
}


@retried
def take_step(*, member_id: UUID, offer_id: UUID, step: Step, price_minor: int | None = None) -> Offer:
    """The offer stands as `rules.AFTER` says; twice is once. Accepted, its things are held for the buyer for
    a day. `price_minor` is the price of a counter-offer; with an acceptance, the one that was seen, if given.

    Raises `NotFound`; `OfferMoved` when it is not this side's to do that now, or the price is another one;
    `VerificationRequired`; `BadPrice`; and `ThingsGone`, after which the offer stands as before.
    """
    offer = lock_offer(offer_id)
    side = _side(offer, member_id)
    if _is_done(offer, side, step, price_minor):
        return offer
    if step not in rules.steps_of(offer.standing, Side(offer.turn), side, prices=offer.prices):
        raise OfferMoved(_MOVED)
    if step in (Step.ACCEPT, Step.COUNTER):
        check_verified(member_id)
    if step is Step.ACCEPT:
        _accept(offer, price_minor)
    elif step is Step.COUNTER:
        _counter(offer, side, price_minor)
    else:
        if offer.state == State.ACCEPTED:
            stock.release(order_id=offer.pk)
        close(offer, rules.AFTER[step][0])
    note(offer, rules.AFTER[step][1], side)
    if step in _NOTICES:
        tell_other(offer, side, _NOTICES[step])
    return offer


_MOVED = "The other side took a step meanwhile, or its time is up. Load the page again."


def _side(offer: Offer, member_id: UUID) -> Side:
    """Raises `NotFound` for a third, and behind a block."""
    if member_id not in (offer.buyer_id, offer.seller_id) or blocked_between(
        offer.buyer_id, [offer.seller_id]
    ):
        raise NotFound
    return Side.BUYER if offer.buyer_id == member_id else Side.SELLER


def _is_done(offer: Offer, side: Side, step: Step, price_minor: int | None) -> bool:
    """Whether this side did just this before, and nothing happened since."""
    last = offer.moves.order_by("-id").values_list("what", "side", "price_minor").first()
    what = rules.AFTER[step][1]
    return last == (what.value, side.value, price_minor if step is Step.COUNTER else offer.price_minor)


def _accept(offer: Offer, seen_minor: int | None) -> None:
    if seen_minor is not None and seen_minor != offer.price_minor:
        raise OfferMoved(_MOVED)
    things = list(OfferThing.objects.filter(offer=offer).order_by("id"))
    buyable = market.buyable_for(offer.buyer_id, [thing.variant_id for thing in things])
    gone = [thing.title for thing in things if thing.variant_id not in buyable]
    moment = clock.now()
    if not gone:
        for thing in things:
            now = buyable[thing.variant_id]
            thing.title, thing.variant_name, thing.list_minor = now.title, now.variant, now.price_minor
        if sum(thing.list_minor for thing in things) <= offer.price_minor:
            raise BadPrice(
                "It costs no more than that without an offer now, so there is nothing to agree on."
            )
        OfferThing.objects.bulk_update(things, ["title", "variant_name", "list_minor"])
        lost = stock.reserve(
            buyer_id=offer.buyer_id,
            order_id=offer.pk,
            lines=[(thing.variant_id, 1) for thing in things],
            until=moment + rules.BINDING,
        )
        missing = {each.variant_id for each in lost}
        gone = [thing.title for thing in things if thing.variant_id in missing]
    if gone:
        raise ThingsGone(f"Not there any more, or somebody is buying it: {', '.join(gone)}.")
    offer.state, offer.until = State.ACCEPTED.value, moment + rules.BINDING
    offer.agreed_at = offer.changed_at = moment
    offer.save(update_fields=["state", "until", "agreed_at", "changed_at"])


def _counter(offer: Offer, side: Side, price_minor: int | None) -> None:
    terms = market.terms_of([offer.seller_id])[offer.seller_id]
    list_minor = sum(OfferThing.objects.filter(offer=offer).values_list("list_minor", flat=True))
    if price_minor is None:
        raise BadPrice("Type the price that you want.")
    problem = rules.price_problem(
        price_minor, list_minor=list_minor, terms=terms, side=side, currency=offer.currency
    )
    if not problem and price_minor == offer.price_minor:
        problem = "That is the price that was named. Say yes to it, or name another one."
    if problem:
        raise BadPrice(problem)
    moment = clock.now()
    offer.price_minor, offer.turn, offer.prices = price_minor, side.other.value, offer.prices + 1
    offer.until, offer.changed_at = moment + rules.ANSWER_WITHIN, moment
    offer.save(update_fields=["price_minor", "turn", "prices", "until", "changed_at"])
