"""What a member does with the cart. It only remembers: nothing is held before the checkout."""

from functools import partial
from uuid import UUID

import orjson
from django.db import transaction

from beyou.core.errors import NotFound
from beyou.core.ports import interest, realtime
from beyou.core.transactions import retried
from beyou.marketplace import queries as market
from beyou.offers import queries as offers
from beyou.offers.errors import OfferOver
from beyou.offers.rules import Side
from beyou.orders import queries, rules
from beyou.orders.errors import BadQuantity, CartFull, NotForSale, OwnItem
from beyou.orders.models import CartLine

_HOW_MANY = f"Choose a whole number from 1 to {rules.MOST_OF_ONE}. Your cart is as it was."


def quantity_of(text: str) -> int:
    """What was typed, as a number. Raises `BadQuantity`."""
    found = rules.read_quantity(text)
    if found is None:
        raise BadQuantity(_HOW_MANY)
    return found


@retried
def add(*, member_id: UUID, variant_id: UUID, quantity: int) -> CartLine:
    """So many more of the thing are in the cart. Raises what `put` raises."""
    line = _line(member_id, variant_id)
    return put(member_id=member_id, variant_id=variant_id, quantity=quantity + (line.quantity if line else 0))


@retried
def put(*, member_id: UUID, variant_id: UUID, quantity: int) -> CartLine:
    """The cart has just so many of the thing, at the price that counts now; the member has seen it.

    Raises `BadQuantity`, `CartFull`, `OwnItem`, and `NotForSale` for what this member cannot buy (behind a
    block, too) or not so much of.
    """
    if not 1 <= quantity <= rules.MOST_OF_ONE:
        raise BadQuantity(_HOW_MANY)
    offer = queries.buyable_now(member_id, [variant_id]).get(variant_id)
    if offer is None and market.is_own_variant(member_id, variant_id):
        raise OwnItem("You cannot buy what you sell yourself.")
    if offer is None:
        raise NotForSale("It was sold or taken down, or it is not offered to you. Your cart is as it was.")
    line = _line(member_id, variant_id)
    # Less than before is always welcome, even if it is still too many: the cart then says so.
    if quantity > offer.available and (line is None or quantity >= line.quantity):
        raise NotForSale(_so_many(offer.available), left=offer.available)
    if line is None:
        if CartLine.objects.filter(member_id=member_id).count() >= rules.MOST_LINES:
            raise CartFull(f"It holds {rules.MOST_LINES} different things. Buy or remove some first.")
        line = CartLine(member_id=member_id, variant_id=variant_id)
        transaction.on_commit(partial(interest.wanted, offer.item_id, offer.seller_id))
    line.quantity, line.title = quantity, offer.title
    line.seen_minor, line.currency = offer.price_minor, offer.currency
    line.save()
    tell_cart(member_id)
    return line


@retried
def put_offer(*, member_id: UUID, offer_id: UUID) -> None:
    """The things of an offer that the member agreed on are in the cart, at the agreed price. Raises
    `NotFound` for one that is not theirs to buy, `OfferOver` for one that does not bind any more, and what
    `put` raises.
    """
    talk = offers.offer_for(member_id, offer_id)
    if talk.side is not Side.BUYER:
        raise NotFound
    if not talk.can_be_bought:
        raise OfferOver("The seller has not said yes, or the day to buy is over. Look how the offer stands.")
    for thing in talk.things:
        if _line(member_id, thing.variant_id) is None:
            put(member_id=member_id, variant_id=thing.variant_id, quantity=1)


def _line(member_id: UUID, variant_id: UUID) -> CartLine | None:
    rows = CartLine.objects.select_for_update()
    return rows.filter(member_id=member_id, variant_id=variant_id).first()


def _so_many(left: int) -> str:
    if left <= 0:
        return "Somebody else has it in their checkout, or it is sold. Your cart is as it was."
    return f"There {'is only 1' if left == 1 else f'are only {left}'} left. Your cart is as it was."


@transaction.atomic
def remove(*, member_id: UUID, variant_id: UUID) -> int:
    """The thing is not in the cart any more. Returns how many there were; 0 when it was not there."""
    line = _line(member_id, variant_id)
    if line is None:
        return 0
    line.delete()
    tell_cart(member_id)
    return line.quantity


@transaction.atomic
def accept_prices(*, member_id: UUID) -> None:
    """The member has seen the prices as they are now; the cart does not speak of changes any more."""
    for each in queries.cart_for(member_id).lines:
        if each.offer is not None and each.price_before is not None:
            CartLine.objects.filter(id=each.line.pk).update(
                seen_minor=each.offer.price_minor, currency=each.offer.currency
            )


def take_out(*, member_id: UUID, bought: dict[UUID, int]) -> None:
    """What was bought is in the cart no more; what was added meanwhile stays. Inside a transaction."""
    for line in CartLine.objects.filter(member_id=member_id, variant_id__in=list(bought)):
        line.quantity -= bought[line.variant_id]
        if line.quantity > 0:
            line.save(update_fields=["quantity"])
        else:
            line.delete()
    tell_cart(member_id)


def tell_cart(member_id: UUID) -> None:
    """After the commit the member's pages show how much is in the cart."""

    def tell() -> None:
        frame = {"type": "cart", "count": queries.cart_count(member_id)}
        realtime.publish([realtime.member_room(member_id)], orjson.dumps(frame))

    transaction.on_commit(tell)
