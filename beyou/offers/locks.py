"""Row locks. Their order is: an order, offers by id, vouchers by id, stock; never the other way round."""

from collections.abc import Iterable
from uuid import UUID

from beyou.core.errors import NotFound
from beyou.offers.models import Offer


def lock_offer(offer_id: UUID) -> Offer:
    """The offer, which nobody else changes until this transaction ends. Raises `NotFound`."""
    offer = Offer.objects.select_for_update().filter(id=offer_id).first()
    if offer is None:
        raise NotFound
    return offer


def lock_offers(offer_ids: Iterable[UUID]) -> list[Offer]:
    """Those of the offers that exist, in the order of their ids."""
    return list(Offer.objects.select_for_update().filter(id__in=list(offer_ids)).order_by("id"))
