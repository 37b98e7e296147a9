"""Staff change the tree of categories. Its rows are few, so that every change holds all of them."""

from typing import Any
from uuid import UUID

from django.utils.text import slugify

from beyou.audit.services import record
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.transactions import retried
from beyou.marketplace import rules
from beyou.marketplace.models import Category, Item
from beyou.marketplace.services.index import index_item

_SLUG = 40
_AT_ONCE = 500


@retried
def add_category(*, actor_id: UUID, name: str, parent_id: int | None = None) -> Category:
    """The tree has one more branch, the last one of its parent.

    Raises `InvalidInput` for a name that is none or is there already, and for a third level.
    """
    rows = _locked()
    words = _checked_name(rows, name, parent_id)
    if parent_id is not None and _of(rows, parent_id).parent_id is not None:
        raise InvalidInput(_TWO_LEVELS)
    made = Category.objects.create(
        name=words, slug=_slug_for(rows, words), parent_id=parent_id, position=_end_of(rows, parent_id)
    )
    _note(actor_id, "added", made, parent=parent_id)
    return made


@retried
def rename_category(*, actor_id: UUID, category_id: int, name: str) -> Category:
    """It is called so. Its address stays, so that no link breaks. Raises `NotFound`, `InvalidInput`."""
    rows = _locked()
    category = _of(rows, category_id)
    words = _checked_name([row for row in rows if row.pk != category_id], name, category.parent_id)
    if words == category.name:
        return category
    before, category.name = category.name, words
    category.save(update_fields=["name"])
    _index_all(category_id)
    _note(actor_id, "renamed", category, before=before)
    return category


@retried
def place_category(
    *, actor_id: UUID, category_id: int, parent_id: int | None = None, position: int = 0
) -> Category:
    """It hangs on this parent, or on none, at this place among the others, counted from 0.

    Raises `NotFound`, and `InvalidInput` for what would be a third level or a circle.
    """
    rows = _locked()
    category = _of(rows, category_id)
    if parent_id is not None:
        has_branches = any(row.parent_id == category_id for row in rows)
        if parent_id == category_id or has_branches or _of(rows, parent_id).parent_id is not None:
            raise InvalidInput(_TWO_LEVELS)
    if parent_id != category.parent_id:
        _checked_name([row for row in rows if row.pk != category_id], category.name, parent_id)
    beside = [row for row in _in_order(rows) if row.parent_id == parent_id and row.pk != category_id]
    beside.insert(max(0, min(position, len(beside))), category)
    before = category.parent_id
    category.parent_id = parent_id
    for place, row in enumerate(beside):
        row.position = place
    Category.objects.bulk_update(beside, ["parent", "position"])
    _note(actor_id, "placed", category, before=before, parent=parent_id, position=beside.index(category))
    return category


@retried
def retire_category(*, actor_id: UUID, category_id: int, into_id: int) -> int:
    """The category is gone and all that hung on it hangs on the other one. Returns how many items moved.

    Words, prices and holds of the items stay as they are. Raises `NotFound`, and `InvalidInput` while the
    category has branches, or when the two are the same.
    """
    rows = _locked()
    category, into = _of(rows, category_id), _of(rows, into_id)
    if category == into:
        raise InvalidInput("Choose another category for what is in it.")
    if any(row.parent_id == category_id for row in rows):
        raise InvalidInput("It has categories below it. Move or retire those first.")
    moved = list(Item.objects.filter(category_id=category_id).order_by("id").values_list("id", flat=True))
    for begin in range(0, len(moved), _AT_ONCE):
        Item.objects.filter(id__in=moved[begin : begin + _AT_ONCE]).update(category_id=into_id)
    _index_all(into_id, moved)
    # A draft that was saved into it just now breaks the foreign key: everything begins again.
    category.delete()
    _note(actor_id, "retired", Category(pk=category_id, name=category.name), into=into_id, moved=len(moved))
    return len(moved)


_TWO_LEVELS = "The tree has two levels: choose a category of the first level that has room below it."


def _locked() -> list[Category]:
    return list(Category.objects.select_for_update().order_by("id"))


def _in_order(rows: list[Category]) -> list[Category]:
    return sorted(rows, key=lambda row: (row.position, row.name, row.pk))


def _of(rows: list[Category], category_id: int) -> Category:
    found = next((row for row in rows if row.pk == category_id), None)
    if found is None:
        raise NotFound
    return found


def _checked_name(rows: list[Category], name: str, parent_id: int | None) -> str:
    words = " ".join(name.split())
    if not rules.is_category_name(words):
        raise InvalidInput(f"A name has 1 to {rules.CATEGORY_LENGTH} plain characters.")
    beside = [row for row in rows if row.parent_id == parent_id]
    if any(row.name.casefold() == words.casefold() for row in beside):
        raise InvalidInput(f"“{words}” is there already.")
    return words


def _slug_for(rows: list[Category], name: str) -> str:
    """An address that no other category has; names in other scripts have a plain one."""
    base = slugify(name)[: _SLUG - 4].strip("-") or "category"
    taken = {row.slug for row in rows}
    return next(
        slug for n in range(1, len(rows) + 2) if (slug := base if n == 1 else f"{base}-{n}") not in taken
    )


def _end_of(rows: list[Category], parent_id: int | None) -> int:
    return 1 + max((row.position for row in rows if row.parent_id == parent_id), default=-1)


def _index_all(category_id: int, only: list[UUID] | None = None) -> None:
    """Words find the items by the name that the category has now."""
    items = Item.objects.filter(category_id=category_id, state__in=rules.LISTED).select_related("category")
    wanted = None if only is None else set(only)
    for item in items.order_by("id").iterator(chunk_size=_AT_ONCE):
        if wanted is None or item.pk in wanted:
            index_item(item)


def _note(actor_id: UUID, what: str, category: Category, **detail: Any) -> None:
    record(act=f"category.{what}", actor_id=actor_id, object_id=category.pk, name=category.name, **detail)
