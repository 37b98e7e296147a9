"""Where the page of an item is, and of a search."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.text import slugify

from beyou.core.money import plain_amount
from beyou.marketplace.wanted import Sort, Wanted


def address_of(item_id: UUID, title: str) -> str:
    """Where the page of an item is: with its title, where that leaves anything to read."""
    slug = slugify(title)[:60].strip("-")
    if not slug:
        return reverse("market:item-by-id", args=[item_id])
    return reverse("market:item", args=[item_id, slug])


def address_of_search(wanted: Wanted) -> str:
    """Where the market shows what is looked for."""
    path = reverse("market:category", args=[wanted.category]) if wanted.category else reverse("market:market")
    asked: list[tuple[str, str]] = [("q", wanted.text)]
    for name, bound in (("low", wanted.low), ("high", wanted.high)):
        asked.append((name, "" if bound is None else plain_amount(bound, settings.MARKET_CURRENCY)))
    asked += [("condition", each) for each in wanted.conditions]
    asked += [("delivery", wanted.delivery), ("region", wanted.region)]
    asked += [("sort", "" if wanted.sort is Sort.NEWEST else wanted.sort.value)]
    asked += [("friends", "on" if wanted.friends_first else "")]
    kept = [(name, text) for name, text in asked if text]
    return f"{path}?{urlencode(kept)}" if kept else path
