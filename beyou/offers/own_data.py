"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Q

from beyou.core import personal
from beyou.core.personal import File, declare, json_list
from beyou.offers.models import EnteredVoucher, Offer, Voucher, VoucherUse
from beyou.offers.queries import code_of

OFFERS, VOUCHERS, USED = "market/offers.json", "market/vouchers.json", "market/vouchers-used.json"

declare("offers.Offer", "buyer", "seller", what="Offers that you made or were made", copied=OFFERS)
declare(*("offers.OfferThing", "offer__buyer", "offer__seller"), what="What offers are for", copied=OFFERS)
declare(*("offers.OfferMove", "offer__buyer", "offer__seller"), what="What was said in offers", copied=OFFERS)
declare("offers.Voucher", "seller", what="Vouchers that you made", copied=VOUCHERS)
declare("offers.VoucherUse", "member", what="Vouchers that your orders used", copied=USED)
declare(*("offers.EnteredVoucher", "member", "seller"), what="Vouchers that wait in your cart", copied=USED)


@personal.part("offers")
def offers(member_id: UUID) -> Iterator[File]:
    rows = Offer.objects.filter(Q(buyer_id=member_id) | Q(seller_id=member_id)).order_by("id")
    yield json_list(OFFERS, (_offer(member_id, each) for each in rows.iterator()))
    made = Voucher.objects.filter(seller_id=member_id).order_by("id")
    yield json_list(VOUCHERS, (_voucher(each) for each in made.iterator()))
    uses = VoucherUse.objects.filter(member_id=member_id).order_by("id").values("voucher__hint", "at")
    waiting = EnteredVoucher.objects.filter(member_id=member_id).order_by("id").values("voucher__hint")
    yield json_list(USED, [*uses, *waiting])


def _offer(member_id: UUID, offer: Offer) -> dict[str, Any]:
    return {
        "side": "buyer" if offer.buyer_id == member_id else "seller",
        "state": offer.standing.value,
        "price_minor": offer.price_minor,
        "currency": offer.currency,
        "until": offer.until,
        "made": offer.created_at,
        "things": list(offer.things.order_by("id").values("title", "variant_name", "list_minor")),
        "moves": list(offer.moves.order_by("id").values("at", "what", "side", "price_minor")),
    }


def _voucher(voucher: Voucher) -> dict[str, Any]:
    return {
        "code": code_of(voucher),
        "amount_minor": voucher.amount_minor,
        "percent": voucher.percent,
        "minimum_minor": voucher.minimum_minor,
        "currency": voucher.currency,
        "from": voucher.begins_at,
        "until": voucher.ends_at,
        "uses": voucher.uses,
        "used": voucher.used,
    }
