"""Which rows a change of an item holds, and in which order: its variants by id, then the item.

Orders hold variants in the same order, so that a sale and a change wait for each other and never crosswise.
"""

from uuid import UUID

from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.marketplace.errors import ItemHeld
from beyou.marketplace.models import Item, Reservation, Variant


def hold_item(item_id: UUID, seller_id: UUID) -> Item:
    """The seller's own item, which nobody else changes until the transaction ends. Raises `NotFound`."""
    list(Variant.objects.select_for_update().filter(item_id=item_id).order_by("id").values_list("id"))
    item = Item.objects.select_for_update().filter(id=item_id, seller_id=seller_id).first()
    if item is None:
        raise NotFound
    return item


def check_not_held(item: Item) -> None:
    """Raises `ItemHeld` while an order holds a unit of it. The caller holds the variants."""
    if Reservation.objects.filter(variant__item=item, until__gt=clock.now()).exists():
        raise ItemHeld
