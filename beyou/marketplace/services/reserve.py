"""The hold on stock: each unit is held for one order at a time, and sold once.

Every function locks the variants in the order of their keys first, so that two never wait for each other. A
hold also writes the variant (`holds`): a cluster without row locks across its nodes then notices two at once.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet, Sum

from beyou.core import clock
from beyou.core.events import publish
from beyou.core.transactions import retried
from beyou.marketplace import rules
from beyou.marketplace.events import StockFreed
from beyou.marketplace.models import Item, Reservation, Variant


@dataclass(frozen=True, slots=True)
class Gone:
    """A variant of which less is left than was wanted."""

    variant_id: UUID
    left: int


class _NotAll(Exception):
    """Undoes a hold of which a part is missing."""

    def __init__(self, gone: list[Gone]) -> None:
        self.gone = gone


def reserve(
    *, buyer_id: UUID, order_id: UUID, lines: Sequence[tuple[UUID, int]], until: dt.datetime
) -> list[Gone]:
    """The order holds exactly these quantities until then, in place of whatever it held before; or, when
    something is gone, everything is as it was. Returns what is gone: nothing when all is held.
    """
    try:
        _reserve(buyer_id, order_id, _counted(lines), until)
    except _NotAll as missing:
        return missing.gone
    return []


@retried
def _reserve(buyer_id: UUID, order_id: UUID, wanted: dict[UUID, int], until: dt.datetime) -> None:
    _locked([*wanted, *_variants_of(order_id)])
    before = set(_drop(Reservation.objects.filter(order_id=order_id)))
    Variant.objects.filter(id__in=list(wanted)).update(holds=F("holds") + 1)
    left = _left(list(wanted))
    gone = [
        Gone(variant_id, max(0, left.get(variant_id, 0)))
        for variant_id, quantity in wanted.items()
        if left.get(variant_id, 0) < quantity
    ]
    if gone:
        raise _NotAll(gone)
    Reservation.objects.bulk_create(
        Reservation(buyer_id=buyer_id, order_id=order_id, variant_id=each, quantity=quantity, until=until)
        for each, quantity in wanted.items()
    )
    _tell_freed(before - wanted.keys())


def _counted(lines: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    wanted: Counter[UUID] = Counter()
    for variant_id, quantity in lines:
        wanted[variant_id] += quantity
    return dict(wanted)


def _left(variant_ids: list[UUID]) -> dict[UUID, int]:
    """Units of locked variants that are neither sold nor held at this moment. Two statements."""
    live = Reservation.objects.filter(variant_id__in=variant_ids, until__gt=clock.now())
    held = dict(live.order_by().values_list("variant_id").annotate(Sum("quantity")))
    stock = Variant.objects.filter(id__in=variant_ids).values_list("id", "stock")
    return {variant_id: units - held.get(variant_id, 0) for variant_id, units in stock}


@retried
def extend(*, order_id: UUID, until: dt.datetime) -> bool:
    """What the order holds is held until then. False when it does not hold anything any more."""
    _locked(_variants_of(order_id))
    rows = Reservation.objects.filter(order_id=order_id, until__gt=clock.now())
    return bool(rows.update(until=until))


@retried
def release(*, order_id: UUID) -> None:
    """The order holds nothing; whoever waits for it learns that it is free. A repeat changes nothing."""
    _locked(_variants_of(order_id))
    _tell_freed(_drop(Reservation.objects.filter(order_id=order_id)))


@retried
def consume(*, holders: Sequence[UUID]) -> bool:
    """What each of these held, be it an order or an agreed offer, is sold. False, and nothing is sold, when
    the hold of one is over, was never there, or was sold before.
    """
    held = Reservation.objects.filter(order_id__in=holders)
    _locked(held.values_list("variant_id", flat=True))
    rows = list(held.filter(until__gt=clock.now()).order_by("variant_id", "id"))
    if {row.order_id for row in rows} != set(holders):
        return False
    for row in rows:
        sold = Variant.objects.filter(id=row.variant_id, stock__gte=row.quantity)
        if not sold.update(stock=F("stock") - row.quantity):
            raise RuntimeError(f"variant {row.variant_id} has less in stock than is held")
    Reservation.objects.filter(id__in=[row.pk for row in rows]).delete()
    _sell_out([row.variant_id for row in rows])
    return bool(rows)


def _sell_out(variant_ids: list[UUID]) -> None:
    """Items of which nothing is left are sold."""
    for item in Item.objects.filter(variants__in=variant_ids).order_by("id").distinct():
        state = rules.after(rules.State(item.state), rules.Step.SELL_OUT, rules.Actor.ORDER)
        if state is not None and not Variant.objects.filter(item=item, stock__gt=0).exists():
            Item.objects.filter(id=item.pk, state=item.state).update(state=state.value)


@retried
def give_back(*, lines: Sequence[tuple[UUID, int]]) -> None:
    """What was sold and never sent is in stock again; its seller decides whether to offer it again. What the
    seller has deleted meanwhile stays so. Call it once, inside the transaction that calls the sale off.
    """
    wanted = _counted(lines)
    for variant_id in sorted(_locked(wanted)):
        Variant.objects.filter(id=variant_id).update(stock=F("stock") + wanted[variant_id])
    for item in Item.objects.filter(variants__in=list(wanted)).order_by("id").distinct():
        state = rules.after(rules.State(item.state), rules.Step.RETURN, rules.Actor.ORDER)
        if state is not None:
            state = rules.returned(is_suspended=bool(item.staff_reason))
            Item.objects.filter(id=item.pk, state=item.state).update(state=state.value)


def sweep(limit: int = 500) -> int:
    """Holds whose time is over are gone, and whoever waits learns of it. Returns how many were over."""
    over = Reservation.objects.filter(until__lte=clock.now())
    variant_ids = list(over.order_by("variant_id").values_list("variant_id", flat=True).distinct()[:limit])
    return sum(_sweep(variant_id) for variant_id in variant_ids)


@retried
def _sweep(variant_id: UUID) -> int:
    _locked([variant_id])
    freed = _drop(Reservation.objects.filter(variant_id=variant_id, until__lte=clock.now()))
    _tell_freed(freed)
    return len(freed)


def _variants_of(order_id: UUID) -> list[UUID]:
    return list(Reservation.objects.filter(order_id=order_id).values_list("variant_id", flat=True))


def _locked(variant_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the variants that exist; nobody else holds or sells them until the transaction ends."""
    rows = Variant.objects.select_for_update().filter(id__in=set(variant_ids)).order_by("id")
    return set(rows.values_list("id", flat=True))


def _drop(rows: QuerySet[Reservation]) -> list[UUID]:
    """The holds are gone. Returns their variants."""
    found = list(rows.order_by("id").values_list("id", "variant_id"))
    Reservation.objects.filter(id__in=[row_id for row_id, _ in found]).delete()
    return [variant_id for _, variant_id in found]


def _tell_freed(variant_ids: Iterable[UUID]) -> None:
    for variant_id in sorted(set(variant_ids)):
        publish(StockFreed(variant_id))
