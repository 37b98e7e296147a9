"""What a member may buy at this moment: the question of carts and checkouts."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from beyou.blocks.queries import visible_to
from beyou.core import clock
from beyou.friends.queries import listed_to
from beyou.marketplace.models import DeliveryOption, Item, ItemImage, Reservation, Variant
from beyou.marketplace.rules import Delivery, State
from beyou.users.queries import listed_members


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the buyer. `price_minor` is in the currency of the item."""

    id: UUID
    kind: Delivery
    price_minor: int
    days: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One variant as it can be bought now; everything that an order keeps of it."""

    variant_id: UUID
    item_id: UUID
    seller_id: UUID
    title: str
    #: Empty where the item has no choices.
    variant: str
    description: str
    condition: str
    region: str
    price_minor: int
    currency: str
    #: Units that nobody else holds.
    available: int
    #: Counts the seller's changes: an order that was put together from an older one asks again.
    version: int
    #: The small file of the first picture.
    small_id: UUID | None
    deliveries: tuple[Way, ...]


def held_units(*, besides: Collection[UUID] = (), buyer_id: UUID | None = None) -> Coalesce:
    """An expression for querysets of variants: how many units are held now, without those of some holders, or
    for one buyer alone.
    """
    held = Reservation.objects.filter(variant_id=OuterRef("pk"), until__gt=clock.now())
    if besides:
        held = held.exclude(order_id__in=list(besides))
    if buyer_id is not None:
        held = held.filter(buyer_id=buyer_id)
    total = held.order_by().values("variant_id").annotate(total=Sum("quantity")).values("total")
    return Coalesce(Subquery(total, output_field=BigIntegerField()), Value(0))


def seller_is_seen_by(member_id: UUID) -> Exists:
    """An expression for querysets of items: whether their seller may be seen by the member."""
    return Exists(visible_to(member_id, listed_members()).filter(pk=OuterRef("seller_id")))


def seller_is_listed_to(member_id: UUID, *, moment: dt.datetime | None = None) -> Exists:
    """The same for lists and searches: whether they show the member what the seller offers."""
    return Exists(listed_to(member_id, moment=moment).filter(pk=OuterRef("seller_id")))


def buyable_items(member_id: UUID, *, agreed: Collection[UUID] = ()) -> QuerySet[Item]:
    """Items that the member may buy, if any unit is left. What is held under one of `agreed` stays so when
    its seller pauses it.
    """
    is_offered = Q(state=State.AVAILABLE.value)
    if agreed:
        held = Reservation.objects.filter(
            variant__item_id=OuterRef("pk"), order_id__in=list(agreed), until__gt=clock.now()
        )
        is_offered |= Q(Exists(held), state=State.INACTIVE_SELLER.value)
    return Item.objects.filter(is_offered, seller_is_seen_by(member_id)).exclude(seller_id=member_id)


def buyable_for(
    member_id: UUID,
    variant_ids: Iterable[UUID],
    *,
    order_id: UUID | None = None,
    agreed: Collection[UUID] = (),
) -> dict[UUID, Offer]:
    """variant id → the offer, for those that the member may buy. What is missing is gone, paused, the
    member's own, or behind a block; which of these is nobody's business. Units that the order `order_id`
    holds, or that are held under one of `agreed`, count as available. Three statements.
    """
    wanted = Variant.objects.filter(
        id__in=list(variant_ids), item__in=buyable_items(member_id, agreed=agreed)
    )
    mine = [*agreed, *([order_id] if order_id else [])]
    rows = list(wanted.select_related("item").annotate(held=held_units(besides=mine)))
    item_ids = {row.item_id for row in rows}
    ways, pictures = ways_of(item_ids), first_pictures(item_ids)
    return {row.pk: _offer(row, ways.get(row.item_id, ()), pictures.get(row.item_id)) for row in rows}


def _offer(row: Variant, ways: tuple[Way, ...], small_id: UUID | None) -> Offer:
    item = row.item
    return Offer(
        variant_id=row.pk,
        item_id=item.pk,
        seller_id=item.seller_id,
        title=item.title,
        variant=row.name,
        description=item.description,
        condition=item.condition,
        region=item.region,
        price_minor=row.price_minor or item.price_minor or 0,
        currency=item.currency,
        available=max(0, row.stock - row.held),  # type: ignore[attr-defined]  # annotated
        version=item.version,
        small_id=small_id,
        deliveries=ways,
    )


def ways_of(item_ids: Iterable[UUID]) -> dict[UUID, tuple[Way, ...]]:
    """item id → its ways to the buyer, the cheapest first. One statement."""
    found: dict[UUID, tuple[Way, ...]] = {}
    for row in DeliveryOption.objects.filter(item_id__in=list(item_ids)).order_by("price_minor", "kind"):
        way = Way(row.pk, Delivery(row.kind), row.price_minor, row.days)
        found[row.item_id] = (*found.get(row.item_id, ()), way)
    return found


def first_pictures(item_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """item id → the small file of its first picture. One statement."""
    rows = ItemImage.objects.filter(item_id__in=list(item_ids)).order_by("-position", "-id")
    return dict(rows.values_list("item_id", "small_id"))


def things_of(member_id: UUID, seller_id: UUID, *, limit: int = 30) -> list[Offer]:
    """What the member may buy of one seller at this moment, the newest first, without what somebody holds.
    Four statements.
    """
    items = buyable_items(member_id).filter(seller_id=seller_id).order_by("-listed_ms", "-id")
    item_ids = list(items.values_list("id", flat=True)[:limit])
    variants = Variant.objects.filter(item_id__in=item_ids).order_by("position", "id")
    found = buyable_for(member_id, variants.values_list("id", flat=True))
    places = {item_id: place for place, item_id in enumerate(item_ids)}
    free = [offer for offer in found.values() if offer.available > 0]
    return sorted(free, key=lambda offer: (places[offer.item_id], offer.variant))
