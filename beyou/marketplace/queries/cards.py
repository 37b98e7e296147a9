"""Items as grids show them: read by ids in statements that are written once, and judged by the clock."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q, Subquery

from beyou.core import clock
from beyou.core.bulk import Lookup, Query, Row, rows_of
from beyou.core.ports import reputation
from beyou.core.ports.reputation import Standing
from beyou.marketplace.models import Favourite, Item, ItemImage, Reservation, Variant
from beyou.marketplace.rules import State, shown


class Seller(NamedTuple):
    """Who offers an item, as a grid names them."""

    id: UUID
    handle: str
    is_verified: bool
    #: None without ratings.
    standing: Standing | None


class Facts(NamedTuple):
    """All that a grid shows of an item and that does not hang on the clock or on who looks.

    Compared and hashed by everything in it, so that it can be the key of what was made of it.
    """

    id: UUID
    version: int
    title: str
    price_minor: int | None
    currency: str
    condition: str
    region: str
    state: str
    seller: Seller
    small_id: UUID | None


@dataclass(frozen=True, slots=True)
class Card:
    """An item in a grid; `state` may be reserved, `item.state` never is."""

    item: Facts
    state: State
    is_own: bool
    is_favourite: bool = False
    changed_at: dt.datetime | None = None


def _first_picture() -> Subquery:
    pictures = ItemImage.objects.filter(item_id=OuterRef("pk")).order_by("position", "id")
    return Subquery(pictures.values("small_id")[:1])


_FACTS = Lookup(
    lambda ids: (
        Item.objects.filter(id__in=ids)
        .order_by()
        .annotate(
            is_checked=ExpressionWrapper(Q(seller__verified_at__isnull=False), output_field=BooleanField()),
            small_id=_first_picture(),
        )
        .values_list(
            *("id", "version", "title", "price_minor", "currency", "condition", "region", "state"),
            *("seller_id", "seller__handle", "is_checked", "small_id"),
        )
    )
)
#: Those whose time is over are among them until they are swept.
_HELD = Lookup(
    lambda ids: (
        Reservation.objects.filter(variant__item_id__in=ids)
        .order_by()
        .values_list("variant__item_id", "until", "quantity")
    )
)
_STOCK = Lookup(
    lambda ids: Variant.objects.filter(item_id__in=ids).order_by().values_list("item_id", "stock")
)


@lru_cache(maxsize=16)
def _liked_of(size: int) -> Query:
    """Which of so many items the member likes."""
    return Query(
        lambda member, *ids: (
            Favourite.objects.filter(member_id=member, item_id__in=ids).order_by().values_list("item_id")
        ),
        *[UUID] * (size + 1),
    )


def cards_of(member_id: UUID, ids: Sequence[UUID], *, likes: bool = True) -> list[Card]:
    """The items in the order of their ids, without those that are gone. Three statements for any number,
    one more for what the member likes, and one more while any of them is held.
    """
    if not ids:
        return []
    rows, holds = rows_of(_FACTS.asks(ids), _HELD.asks(ids))
    standings = reputation.standings({row[8] for row in rows})
    facts = {row[0]: _facts(row, standings.get(row[8])) for row in rows}
    reserved = _reserved(holds)
    liked = _liked(member_id, ids) if likes else frozenset()
    return [
        Card(
            item=item,
            state=State.RESERVED
            if item.id in reserved and item.state == State.AVAILABLE
            else State(item.state),
            is_own=item.seller.id == member_id,
            is_favourite=item.id in liked,
        )
        for item in (facts[each] for each in ids if each in facts)
    ]


def _facts(row: Row, standing: Standing | None) -> Facts:
    item_id, version, title, price_minor, currency, condition, region, state, *others = row
    seller_id, handle, is_checked, small_id = others
    seller = Seller(seller_id, handle, bool(is_checked), standing)
    return Facts(item_id, version, title, price_minor, currency, condition, region, state, seller, small_id)


def _reserved(holds: Sequence[Row]) -> set[UUID]:
    """Items of which every unit is held at this moment."""
    moment, held = clock.now(), Counter[UUID]()
    for item_id, until, quantity in holds:
        if until > moment:
            held[item_id] += quantity
    stock = Counter[UUID]()
    for item_id, units in _STOCK(held):
        stock[item_id] += units
    return {
        item_id
        for item_id, units in held.items()
        if shown(State.AVAILABLE, stock=stock[item_id], held=units) is State.RESERVED
    }


def _liked(member_id: UUID, ids: Sequence[UUID]) -> frozenset[UUID]:
    size = 1 << (len(ids) - 1).bit_length()
    padded = [*ids, *[ids[-1]] * (size - len(ids))]
    return frozenset(item_id for (item_id,) in _liked_of(size)(member_id, *padded))
