"""What statistics may know of the market."""

from collections.abc import Collection
from uuid import UUID

from beyou.marketplace.models import Item
from beyou.marketplace.rules import State


def branches_of(item_ids: Collection[UUID]) -> dict[UUID, str]:
    """The highest category of each item that is still there. One statement."""
    rows = Item.objects.filter(id__in=item_ids, category__isnull=False)
    return {
        item_id: parent or name
        for item_id, name, parent in rows.values_list("id", "category__name", "category__parent__name")
    }


def titles_of(item_ids: Collection[UUID]) -> dict[UUID, str]:
    """What items that are still there are called. One statement."""
    return dict(Item.objects.filter(id__in=item_ids).values_list("id", "title"))


def drafts_of(seller_id: UUID) -> int:
    """How many drafts wait to be finished. One statement."""
    return Item.objects.filter(seller_id=seller_id, state=State.DRAFT).count()
