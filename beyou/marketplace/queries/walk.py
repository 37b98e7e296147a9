"""The way through the market behind a key, in statements whose SQL is written once for each shape.

The ORM takes longer to write such a statement than the database to answer it, and most of them differ in
numbers alone.
"""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from beyou.core import clock
from beyou.core.bulk import Kind, Query
from beyou.core.errors import InvalidInput
from beyou.marketplace.models import Item
from beyou.marketplace.queries.offers import seller_is_listed_to
from beyou.marketplace.rules import LISTED, SEARCH_KIND, State
from beyou.marketplace.wanted import Sort
from beyou.search.queries import matching

NO_PLACE = "This is not a place in the market. Start again from the first page."


class Among(StrEnum):
    """Whose items: everybody's, those of friends, or those of all others."""

    ALL = "all"
    FRIENDS = "friends"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Shape:
    """All of a question but its numbers and ids: there are few of these, and each is written once."""

    sort: Sort
    limit: int
    branches: int = 0
    has_low: bool = False
    has_high: bool = False
    conditions: tuple[str, ...] = ()
    delivery: str = ""
    has_place: bool = False
    among: Among = Among.ALL
    friends: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed: these have no fixed shape."""

    text: str = ""
    region: str = ""


Id = TypeVar("Id")
Place = tuple[int, UUID]
Found = tuple[UUID, int]


def place_of(after: str) -> tuple[str, Place | None]:
    """The phase and the item that a page continues behind. Raises `InvalidInput` for a place that is none."""
    if not after:
        return "f", None
    found = re.fullmatch(r"([fo])([0-9]{1,15})-([0-9a-f]{32})", after, re.ASCII)
    if found is None:
        raise InvalidInput(NO_PLACE)
    return found[1], (int(found[2]), UUID(found[3]))


def listed() -> QuerySet[Item]:
    return Item.objects.filter(state__in=[state for state in LISTED if state is not State.RESERVED])


def seen_by(member_id: UUID, moment: dt.datetime | None = None) -> QuerySet[Item]:
    """What is listed and not hidden from the member now, or at the moment; the member's own included."""
    return listed().filter(Q(seller_id=member_id) | Q(seller_is_listed_to(member_id, moment=moment)))


def walk(
    shape: Shape,
    words: Words,
    *,
    member_id: UUID,
    branches: Sequence[int] = (),
    friends: Sequence[UUID] = (),
    low: int | None = None,
    high: int | None = None,
    place: Place | None = None,
) -> list[Found]:
    """The id and the key of each item, in order. One statement, and three at most for words.

    `branches` and `friends` are as many as the shape says (see `padded`).
    """
    bounds = [bound for bound in (low, high) if bound is not None]
    values = [member_id, clock.now(), *branches, *friends, *bounds, *(place or ())]
    if not words.text and not words.region:
        return [(row[0], row[1]) for row in _written(shape)(*values)]
    items = _with_words(words)
    return [] if items is None else list(_chosen(shape, values, items))


def padded(ids: Sequence[Id]) -> list[Id]:
    """The ids with the last one repeated up to a power of two, so that there are few shapes."""
    size = 1 << (len(ids) - 1).bit_length() if ids else 0
    return [*ids, *[ids[-1]] * (size - len(ids))] if ids else []


@lru_cache(maxsize=512)
def _written(shape: Shape) -> Query:
    friends = shape.friends if shape.among is not Among.ALL else 0
    kinds: list[Kind] = [UUID, dt.datetime, *[int] * shape.branches, *[UUID] * friends]
    kinds += [int] * (shape.has_low + shape.has_high)
    kinds += [int, UUID] if shape.has_place else []
    return Query(lambda *values: _chosen(shape, values, lambda items: items), *kinds)


def _chosen(
    shape: Shape, values: Sequence[Any], narrowed: Callable[[QuerySet[Item]], QuerySet[Item]]
) -> "QuerySet[Item, tuple[Any, ...]]":
    """The rows of the shape with these values, which stand in the order of `walk`."""
    given = iter(values)
    items = narrowed(seen_by(next(given), next(given)))
    if shape.branches:
        items = items.filter(category_id__in=[next(given) for _ in range(shape.branches)])
    if shape.among is not Among.ALL and shape.friends:
        # By a list of its own, so that the index on sellers is used.
        theirs = listed().filter(seller_id__in=[next(given) for _ in range(shape.friends)]).values("id")
        items = items.filter(id__in=theirs) if shape.among is Among.FRIENDS else items.exclude(id__in=theirs)
    if shape.has_low:
        items = items.filter(price_minor__gte=next(given))
    if shape.has_high:
        items = items.filter(price_minor__lte=next(given))
    if shape.conditions:
        items = items.filter(condition__in=shape.conditions)
    if shape.delivery:
        items = items.filter(**{f"is_{shape.delivery}": True})
    place = (next(given), next(given)) if shape.has_place else None
    return _ordered(items, shape.sort, place)[: shape.limit]


def _ordered(
    items: QuerySet[Item], sort: Sort, place: tuple[Any, Any] | None
) -> "QuerySet[Item, tuple[Any, ...]]":
    key, is_down = ("listed_ms", True) if sort is Sort.NEWEST else ("price_minor", sort is Sort.DEAREST)
    if place is not None:
        value, item_id = place
        step = "lt" if is_down else "gt"
        items = items.filter(
            Q(**{f"{key}__{step}": value}) | Q(**{key: value, f"id__{step}": item_id}),
            # Said once more in a way that lets every engine begin inside its index.
            **{f"{key}__{step}e": value},
        )
    mark = "-" if is_down else ""
    return items.order_by(f"{mark}{key}", f"{mark}id").values_list("id", key)


def _with_words(words: Words) -> Callable[[QuerySet[Item]], QuerySet[Item]] | None:
    """What narrows items to those that hold the words, or None when none can."""
    refs = matching(SEARCH_KIND, words.text) if words.text else None
    if words.text and refs is None:
        return None

    def narrowed(items: QuerySet[Item]) -> QuerySet[Item]:
        if refs is not None:
            items = items.filter(id__in=refs)
        if words.region:
            # As a list of its own: SQLite would otherwise look at every seller before it looks at the region.
            items = items.filter(id__in=listed().filter(_begins(words.region)).values("id"))
        return items

    return narrowed


def _begins(region: str) -> Q:
    """Regions that begin so, whatever the capitals."""
    # MariaDB's collation may tell capitals apart; on the others LIKE can stay inside the index.
    if connection.vendor == "mysql":
        return Q(region__regex=rf"(?i)^{re.escape(region)}")
    return Q(region__istartswith=region)
