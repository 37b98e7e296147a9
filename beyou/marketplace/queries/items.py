"""One item, for whoever may see it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from beyou.core.errors import NotFound
from beyou.core.ports import reputation
from beyou.core.ports.reputation import Standing
from beyou.marketplace.models import Favourite, Item, ItemImage, ItemLook, Variant
from beyou.marketplace.queries.offers import Way, held_units, seller_is_seen_by, ways_of
from beyou.marketplace.queries.terms import terms_of
from beyou.marketplace.rules import SEEN, State, Terms, shown


@dataclass(frozen=True, slots=True)
class Choice:
    """One variant. `stock` is unsold units, `available` those of them that nobody holds."""

    id: UUID
    name: str
    price_minor: int
    stock: int
    available: int
    #: Units that are held for the member who looks.
    mine: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """An item as a member sees it; `state` may be reserved, `item.state` never is."""

    item: Item
    state: State
    choices: tuple[Choice, ...]
    ways: tuple[Way, ...]
    images: tuple[ItemImage, ...]
    is_own: bool
    is_favourite: bool
    #: What its seller offers besides the price.
    terms: Terms
    #: How the seller stands; None without ratings.
    standing: Standing | None = None

    @property
    def stock(self) -> int:
        return sum(choice.stock for choice in self.choices)

    @property
    def available(self) -> int:
        return sum(choice.available for choice in self.choices)

    @property
    def mine(self) -> int:
        """Units that are held for the member who looks: in the checkout, or by an agreed offer."""
        return sum(choice.mine for choice in self.choices)


def item_for(member_id: UUID, item_id: UUID) -> Listing:
    """The one door to an item. Sellers see their own in every state, others what is offered or sold.

    Raises `NotFound` in the same way for what is missing, not public, or behind a block. Five statements.
    """
    is_seen = Q(seller_id=member_id) | (Q(state__in=SEEN) & Q(seller_is_seen_by(member_id)))
    liked = Favourite.objects.filter(member_id=member_id, item_id=OuterRef("pk"))
    found = Item.objects.filter(is_seen, id=item_id).annotate(is_favourite=Exists(liked))
    item = found.select_related("seller", "category").first()
    if item is None:
        raise NotFound
    return listing_of(item, member_id)


def own_item(member_id: UUID, item_id: UUID) -> Listing:
    """The member's own item. Raises `NotFound` for everything else. Five statements."""
    item = Item.objects.filter(id=item_id, seller_id=member_id).select_related("seller", "category").first()
    if item is None:
        raise NotFound
    return listing_of(item, member_id)


def is_taken(item_id: UUID) -> bool:
    """Whether an item has this id, whoever's it is."""
    return Item.objects.filter(id=item_id).exists()


def look_at(item_id: UUID) -> ItemLook | None:
    """What its seller reads of a look of the staff: that it waits for one, or what they answered. One
    statement.
    """
    look = ItemLook.objects.filter(pk=item_id).first()
    return look if look and (look.waits_since or look.answer) else None


def listing_of(item: Item, member_id: UUID) -> Listing:
    """The item with everything that hangs on it, for whoever was already let in. Five statements."""
    held = {"held": held_units(), "mine": held_units(buyer_id=member_id)}
    rows: Any = Variant.objects.filter(item=item).annotate(**held).order_by("position", "id")
    choices = tuple(
        Choice(row.pk, row.name, row.price_minor or item.price_minor or 0, row.stock,
               max(0, row.stock - row.held), row.mine)
        for row in rows
    )  # fmt: skip
    stock = sum(choice.stock for choice in choices)
    taken = stock - sum(choice.available for choice in choices)
    return Listing(
        item=item,
        state=shown(State(item.state), stock=stock, held=taken),
        choices=choices,
        ways=ways_of([item.pk]).get(item.pk, ()),
        images=tuple(ItemImage.objects.filter(item=item).order_by("position", "id")),
        is_own=item.seller_id == member_id,
        is_favourite=getattr(item, "is_favourite", False),
        terms=terms_of([item.seller_id])[item.seller_id],
        standing=reputation.standings([item.seller_id]).get(item.seller_id),
    )


def check_picture(member_id: UUID, media_id: UUID) -> None:
    """Raises `NotFound` unless it is a picture, large or small, of an item that the member may see."""
    is_seen = Q(seller_id=member_id) | (Q(state__in=SEEN) & Q(seller_is_seen_by(member_id)))
    of_picture = ItemImage.objects.filter(Q(media_id=media_id) | Q(small_id=media_id), item_id=OuterRef("pk"))
    if not Item.objects.filter(is_seen, Exists(of_picture)).exists():
        raise NotFound
