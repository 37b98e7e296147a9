"""A small market on which people haggle: alice sells, bob and charlie buy."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from beyou.core import clock
from beyou.marketplace.models import Reservation, Variant
from beyou.marketplace.queries import buyable_for
from beyou.marketplace.rules import Terms
from beyou.marketplace.services import set_terms
from beyou.offers import queries, rules, services
from beyou.offers.models import Offer, Voucher
from beyou.offers.rules import Reduction, Step
from beyou.orders import services as buying
from beyou.orders.models import Order
from beyou.users.models import User


def ask(buyer: User, *variants: Variant, price: int = 2000) -> Offer:
    """The buyer offers so much for these things."""
    return services.make_offer(
        buyer_id=buyer.pk, variant_ids=[each.pk for each in variants], price_minor=price
    )


def say(member: User, offer: Offer, step: Step, price: int | None = None) -> Offer:
    return services.take_step(member_id=member.pk, offer_id=offer.pk, step=step, price_minor=price)


def agree(seller: User, buyer: User, *variants: Variant, price: int = 2000) -> Offer:
    """An offer that the seller has accepted."""
    return say(seller, ask(buyer, *variants, price=price), Step.ACCEPT)


def take(buyer: User, offer: Offer) -> Order:
    """The buyer's checkout has what was agreed on."""
    buying.put_offer(member_id=buyer.pk, offer_id=offer.pk)
    return buying.start(member_id=buyer.pk)


def free(member: User, variant: Variant) -> int:
    """How many of it the member could put into a cart."""
    found = buyable_for(member.pk, [variant.pk]).get(variant.pk)
    return found.available if found else 0


def bare_agreement(buyer: User, variant: Variant) -> UUID:
    """Rows of an accepted offer, whoever is verified: for walks over pages."""
    moment = clock.now()
    made = Offer.objects.create(
        buyer=buyer, seller=variant.item.seller, state="accepted", price_minor=4000, currency="EUR",
        agreed_at=moment, until=moment + rules.BINDING,
    )  # fmt: skip
    made.things.create(
        variant_id=variant.pk, item_id=variant.item_id, title=variant.item.title, list_minor=4500
    )
    made.moves.create(what="accepted", side="seller", price_minor=4000)
    Reservation.objects.create(variant=variant, buyer=buyer, order_id=made.pk, quantity=1, until=made.until)
    return made.pk


def bundles(seller: User, least: int = 2, percent: int = 10) -> None:
    set_terms(seller_id=seller.pk, terms=Terms(bundle_from=least, bundle_percent=percent))


def voucher(seller: User, *, percent: int = 0, amount: int = 0, minimum: int = 0, **options: Any) -> Voucher:
    """A voucher of the seller."""
    return services.create_voucher(
        seller_id=seller.pk, reduction=Reduction(amount, percent, minimum), currency="EUR", **options
    )


def enter(member: User, found: Voucher) -> None:
    services.enter(member_id=member.pk, code=queries.code_of(found))


def state_of(offer: Offer | UUID) -> str:
    """How it stands at this moment."""
    return Offer.objects.get(pk=offer.pk if isinstance(offer, Offer) else offer).standing.value


def later(**span: float) -> None:
    """It is so much later than in truth."""
    clock.shift(int(dt.timedelta(**span).total_seconds() * 1000))
