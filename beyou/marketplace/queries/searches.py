"""The searches that a member keeps, and what they found that is new."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F

from beyou.core.errors import NotFound
from beyou.core.money import short_money
from beyou.marketplace.addresses import address_of_search
from beyou.marketplace.models import SavedSearch, SearchHit
from beyou.marketplace.queries.browse import tree
from beyou.marketplace.queries.walk import seen_by
from beyou.marketplace.rules import CONDITIONS, Condition
from beyou.marketplace.wanted import SORTS, Sort, Wanted, unpacked

_DELIVERY: Final = {"sent": "Can be sent", "collected": "Can be picked up"}


@dataclass(frozen=True, slots=True)
class Saved:
    """A kept search; `words` say what it looks for, `fresh` counts what it found since the last look."""

    id: UUID
    name: str
    wanted: Wanted
    alerts: bool
    address: str
    words: tuple[str, ...]
    fresh: int


def saved_searches(member_id: UUID) -> list[Saved]:
    """All of them, the last one first; there are fifty at most. Three statements.

    What is sold, withdrawn or behind a block by now counts as nothing found.
    """
    rows = list(SavedSearch.objects.filter(member_id=member_id).order_by("-created_at", "-id"))
    hits = SearchHit.objects.filter(
        search__member_id=member_id, created_at__gt=F("search__looked_at"), item__in=seen_by(member_id)
    )
    fresh = dict(hits.order_by().values_list("search_id").annotate(Count("id")))
    names = _category_names() if rows else {}
    return [_saved(row, names, fresh.get(row.pk, 0)) for row in rows]


def saved_search(member_id: UUID, search_id: UUID) -> Saved:
    """One of them. Raises `NotFound` for what is not the member's."""
    found = [each for each in saved_searches(member_id) if each.id == search_id]
    if not found:
        raise NotFound
    return found[0]


def _category_names() -> dict[str, str]:
    branches = tree()
    return {each.slug: each.name for root in branches for each in (root, *root.branches)}


def _saved(row: SavedSearch, names: dict[str, str], fresh: int) -> Saved:
    wanted = unpacked(row.wanted)
    words = tuple(_words(wanted, names))
    return Saved(row.pk, row.name, wanted, row.alerts, address_of_search(wanted), words, fresh)


def _words(wanted: Wanted, names: dict[str, str]) -> list[str]:
    currency = settings.MARKET_CURRENCY
    found = [f"“{wanted.text}”"] if wanted.text else []
    found += [names.get(wanted.category, "a category that is gone")] if wanted.category else []
    found += [f"from {short_money(wanted.low, currency)}"] if wanted.low is not None else []
    found += [f"up to {short_money(wanted.high, currency)}"] if wanted.high is not None else []
    found += [CONDITIONS[Condition(each)] for each in wanted.conditions if each in set(Condition)]
    found += [_DELIVERY[wanted.delivery]] if wanted.delivery in _DELIVERY else []
    found += [wanted.region] if wanted.region else []
    found += [SORTS[wanted.sort]] if wanted.sort is not Sort.NEWEST else []
    return [*found, "friends first"] if wanted.friends_first else found
