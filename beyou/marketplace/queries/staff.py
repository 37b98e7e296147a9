"""What staff see of offers: everything that members saw or see, and no drafts."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from beyou.core.errors import NotFound
from beyou.marketplace.models import Category, Item, ItemLook
from beyou.marketplace.queries.items import Listing, listing_of
from beyou.marketplace.rules import State

PAGE: Final = 50
#: What staff may look at. A draft is its seller's alone.
STATES: Final = (State.AVAILABLE, State.SOLD, State.INACTIVE_SELLER, State.INACTIVE_STAFF)


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Items, the newest first; `next` continues behind the last one."""

    items: list[Item]
    next: UUID | None


def staff_items(
    *, text: str = "", seller_id: UUID | None = None, state: str = "", before: UUID | None = None
) -> ItemPage:
    """Items whose title has this text or whose id it is, of this seller and in this state. One statement."""
    rows: QuerySet[Item] = Item.objects.filter(state__in=STATES).select_related("seller", "category")
    if state:
        rows = rows.filter(state=state)
    if seller_id is not None:
        rows = rows.filter(seller_id=seller_id)
    if text:
        # MariaDB's collation tells capitals apart, so that neither side has any.
        rows = rows.alias(plain=Lower("title")).filter(Q(plain__contains=text.lower()) | _has_id(text))
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: PAGE + 1])
    return ItemPage(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None)


def _has_id(text: str) -> Q:
    try:
        return Q(id=UUID(text))
    except ValueError:
        return Q(pk__in=())


def staff_item(item_id: UUID) -> Listing:
    """One item as staff see it. Raises `NotFound`, also for drafts. Four statements."""
    item = Item.objects.filter(id=item_id, state__in=STATES).select_related("seller", "category").first()
    if item is None:
        raise NotFound
    return listing_of(item, item.seller_id)


def held_items() -> list[ItemLook]:
    """What waits for a look of the staff, the longest waiting first. One statement."""
    rows = ItemLook.objects.filter(waits_since__isnull=False, item__state=State.DRAFT.value)
    return list(rows.select_related("item__seller", "item__category").order_by("waits_since", "pk")[:PAGE])


def held_item(item_id: UUID) -> tuple[ItemLook, Listing]:
    """One that waits. Raises `NotFound`, also for any other draft. Six statements."""
    rows = ItemLook.objects.filter(pk=item_id, waits_since__isnull=False, item__state=State.DRAFT.value)
    look = rows.select_related("item__seller", "item__category").first()
    if look is None:
        raise NotFound
    return look, listing_of(look.item, look.item.seller_id)


def held_seller(item_id: UUID) -> UUID:
    """Whose item it is that waits or waited for a look. Raises `NotFound` for any other."""
    seller_id = ItemLook.objects.filter(pk=item_id).values_list("item__seller_id", flat=True).first()
    if seller_id is None:
        raise NotFound
    return seller_id


def latest_texts(count: int) -> list[str]:
    """The words of the items that were made last and that members saw. One statement."""
    rows = Item.objects.filter(state__in=STATES).order_by("-id")[:count]
    return [f"{title} {description}" for title, description in rows.values_list("title", "description")]


@dataclass(frozen=True, slots=True)
class Bough:
    """A category as staff change it, with how many items hang on it, drafts included."""

    id: int
    slug: str
    name: str
    parent_id: int | None
    items: int
    branches: "list[Bough]"


def staff_tree() -> list[Bough]:
    """The categories, two levels deep. Two statements."""
    counts = dict(
        Item.objects.exclude(category=None).order_by().values_list("category_id").annotate(Count("id"))
    )
    rows = list(Category.objects.order_by("position", "name", "id"))
    found = {
        row.pk: Bough(row.pk, row.slug, row.name, row.parent_id, counts.get(row.pk, 0), []) for row in rows
    }
    for bough in found.values():
        if bough.parent_id is not None:
            found[bough.parent_id].branches.append(bough)
    return [bough for bough in found.values() if bough.parent_id is None]
