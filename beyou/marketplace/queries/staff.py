"""What staff see of offers: everything that members saw or see, and no drafts."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from beyou.core.errors import NotFound
from beyou.marketplace.models import Category, Item
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
