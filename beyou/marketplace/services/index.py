"""What of an item can be found by words: nothing before it is offered."""

from collections.abc import Iterator
from typing import Final

from beyou.marketplace.models import Item, NewlyListed
from beyou.marketplace.rules import LISTED, SEARCH_KIND
from beyou.search import services as search

KIND: Final = SEARCH_KIND
_AT_ONCE: Final = 1_000


def text_of(item: Item) -> str:
    """Everything that may be searched for. The item's category is loaded."""
    category = item.category.name if item.category else ""
    return f"{item.title} {category} {item.region} {item.description}"


def index_item(item: Item) -> None:
    """Can be found exactly while it is listed; whoever looks for it is told afterwards. Called in the
    transaction that changes the item.
    """
    if item.state in LISTED:
        search.put(kind=KIND, ref=item.pk, text=text_of(item))
        NewlyListed.objects.create(item=item)
    else:
        search.remove(kind=KIND, refs=[item.pk])


def rebuild() -> Iterator[int]:
    """The index is built again from the items; yields how many are done."""
    search.forget_all(kind=KIND)
    done, last = 0, None
    while True:
        listed = Item.objects.filter(state__in=LISTED).order_by("id").select_related("category")
        rows = list((listed.filter(id__gt=last) if last else listed)[:_AT_ONCE])
        if not rows:
            return
        search.put_many(kind=KIND, texts=[(row.pk, text_of(row)) for row in rows])
        done, last = done + len(rows), rows[-1].pk
        yield done
