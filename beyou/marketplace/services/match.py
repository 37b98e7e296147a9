"""Members are told of what they look for: once, after it was listed, however many searches it fits."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from beyou.blocks.queries import blocked_pairs
from beyou.core.ports import options
from beyou.marketplace.models import Item, NewlyListed, SavedSearch, SearchHit, SearchKey
from beyou.marketplace.rules import LISTED, SEARCH_KIND
from beyou.marketplace.services.index import text_of
from beyou.marketplace.wanted import Offered, Wanted, fits, keys_of_offer, unpacked
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.search.queries import held_keys, matching_among
from beyou.users.queries import limited, listed_members, lock_members

Part = TypeVar("Part")
_ITEMS, _SEARCHES, _KEYS = 100, 500, 5_000
#: search id → the items that it may want.
_Chosen = dict[UUID, set[UUID]]


def match_new(*, batches: int = 50) -> int:
    """Compares what was listed since with what members look for; returns how many hits there were.

    An item finds the searches that it may fit by their keys, and only those are looked at: the work grows
    with what is likely to fit, not with items times searches. A kill in between tells nobody twice.
    """
    told = 0
    for _ in range(batches):
        rows = list(NewlyListed.objects.order_by("id").values_list("id", "item_id")[:_ITEMS])
        if not rows:
            break
        told += _match({item_id for _, item_id in rows})
        NewlyListed.objects.filter(id__in=[row_id for row_id, _ in rows]).delete()
    return told


def _match(item_ids: set[UUID]) -> int:
    offers = _offers(item_ids)
    likely = _likely(offers.values())
    return sum(_tell(offers, likely, search_ids) for search_ids in _parts(sorted(likely), _SEARCHES))


def _offers(item_ids: set[UUID]) -> dict[UUID, Offered]:
    """What can be bought of the items, by sellers who may be seen at all and by strangers, too. One
    statement.
    """
    sellers = listed_members().exclude(limited())
    listed = Item.objects.filter(
        id__in=item_ids, state__in=LISTED, price_minor__isnull=False, seller__in=sellers
    )
    return {
        item.pk: Offered(
            id=item.pk,
            seller_id=item.seller_id,
            text=text_of(item),
            categories=_categories(item),
            price_minor=item.price_minor or 0,
            condition=item.condition,
            is_sent=item.is_sent,
            is_collected=item.is_collected,
            region=item.region,
        )
        for item in listed.select_related("category__parent")
    }


def _categories(item: Item) -> frozenset[str]:
    own = item.category
    return frozenset(each.slug for each in (own, own.parent if own else None) if each)


def _likely(offers: Iterable[Offered]) -> _Chosen:
    """The searches that an item shares a key with. A statement for each five thousand keys."""
    by_key: dict[str, list[UUID]] = defaultdict(list)
    for offer in offers:
        for key in keys_of_offer(offer, words=held_keys(offer.text)):
            by_key[key].append(offer.id)
    found: _Chosen = defaultdict(set)
    for keys in _parts(sorted(by_key), _KEYS):
        rows = SearchKey.objects.filter(key__in=keys, search__alerts=True)
        for search_id, key in rows.values_list("search_id", "key"):
            found[search_id].update(by_key[key])
    return found


def _tell(offers: dict[UUID, Offered], likely: _Chosen, search_ids: Sequence[UUID]) -> int:
    searches = {row.pk: row for row in SavedSearch.objects.filter(id__in=search_ids, alerts=True)}
    wanted = {search_id: unpacked(row.wanted) for search_id, row in searches.items()}
    chosen: _Chosen = {
        search_id: {
            item_id
            for item_id in likely[search_id]
            if offers[item_id].seller_id != row.member_id and fits(wanted[search_id], offers[item_id])
        }
        for search_id, row in searches.items()
    }
    chosen = _with_words(wanted, chosen)
    members = _who_may_look({searches[search_id].member_id for search_id in chosen})
    sellers = {offers[item_id].seller_id for items in chosen.values() for item_id in items}
    hidden = blocked_pairs(members, sellers)
    # The oldest search first, so that a hit is counted where it was first wanted.
    hits: dict[tuple[UUID, UUID], UUID] = {}
    for search_id in sorted(chosen):
        member_id = searches[search_id].member_id
        for item_id in chosen[search_id]:
            if member_id in members and (member_id, offers[item_id].seller_id) not in hidden:
                hits.setdefault((member_id, item_id), search_id)
    return _record(hits) if hits else 0


def _with_words(wanted: dict[UUID, Wanted], chosen: _Chosen) -> _Chosen:
    """Without what lacks the words, asked of the index once for each text."""
    by_text: dict[str, set[UUID]] = defaultdict(set)
    for search_id, items in chosen.items():
        by_text[wanted[search_id].text] |= items
    found = {
        text: matching_among(SEARCH_KIND, text, items) if text else items
        for text, items in by_text.items()
        if items
    }
    kept = {
        search_id: items & found.get(wanted[search_id].text, set()) for search_id, items in chosen.items()
    }
    return {search_id: items for search_id, items in kept.items() if items}


def _who_may_look(member_ids: set[UUID]) -> set[UUID]:
    members = listed_members().filter(id__in=member_ids)
    if options.word("market_browsing") == "verified":
        members = members.filter(verified_at__isnull=False)
    return set(members.values_list("id", flat=True))


@transaction.atomic
def _record(hits: dict[tuple[UUID, UUID], UUID]) -> int:
    """One row for each member and item that were not together before, and one notice for each such member."""
    members = sorted({member_id for member_id, _ in hits})
    lock_members(members)
    known = SearchHit.objects.filter(member_id__in=members, item_id__in=[item_id for _, item_id in hits])
    there = set(known.values_list("member_id", "item_id"))
    alive = set(SavedSearch.objects.filter(id__in=hits.values()).values_list("id", flat=True))
    new = {pair: search_id for pair, search_id in hits.items() if pair not in there and search_id in alive}
    SearchHit.objects.bulk_create(
        (SearchHit(member_id=one, item_id=item, search_id=search) for (one, item), search in new.items()),
        batch_size=_SEARCHES,
    )
    for member_id in sorted({member_id for member_id, _ in new}):
        notify(member_id=member_id, kind=Kind.SEARCH_HIT, target=reverse("market:searches"))
    return len(new)


def _parts(values: Sequence[Part], size: int) -> Iterator[Sequence[Part]]:
    for begin in range(0, len(values), size):
        yield values[begin : begin + size]
