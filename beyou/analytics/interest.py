"""Counts who looks at items and puts them into carts, a few seconds late and without saying who."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F

from beyou.analytics.models import ItemDay
from beyou.core import clock
from beyou.core.later import Later


@dataclass(frozen=True, slots=True)
class Counts:
    seller_id: UUID
    views: int = 0
    carts: int = 0


def _added(one: Counts, other: Counts) -> Counts:
    return Counts(one.seller_id, one.views + other.views, one.carts + other.carts)


def _write(waiting: dict[tuple[UUID, dt.date], Counts]) -> None:
    with transaction.atomic():
        fresh = [
            ItemDay(item_id=item_id, day=day, seller_id=counts.seller_id)
            for (item_id, day), counts in sorted(waiting.items())
        ]
        ItemDay.objects.bulk_create(fresh, ignore_conflicts=True)
        for (item_id, day), counts in sorted(waiting.items()):
            ItemDay.objects.filter(item_id=item_id, day=day).update(
                views=F("views") + counts.views, carts=F("carts") + counts.carts
            )


# Looks that a crash loses are seconds of looks.
_later: Later[tuple[UUID, dt.date], Counts] = Later("item-counts", _write, _added)


def flush() -> int:
    """Writes what waits; returns how many items and days that were."""
    return _later.flush()


class Counter:
    """What the market tells of interest."""

    def viewed(self, item_id: UUID, seller_id: UUID) -> None:
        _later.note((item_id, clock.now().date()), Counts(seller_id, views=1))

    def wanted(self, item_id: UUID, seller_id: UUID) -> None:
        _later.note((item_id, clock.now().date()), Counts(seller_id, carts=1))
