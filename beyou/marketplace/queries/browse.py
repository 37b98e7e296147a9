"""The market as a member sees it: filtered, sorted, and paged behind a key that stays where it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from uuid import UUID

from django.db.models import Q

from beyou.core.bulk import Query
from beyou.friends.queries import friends_of
from beyou.marketplace.models import Category, Favourite, Item
from beyou.marketplace.queries.cards import Card, cards_of
from beyou.marketplace.queries.offers import seller_is_listed_to, seller_is_seen_by
from beyou.marketplace.queries.walk import (
    Among,
    Found,
    Shape,
    Words,
    listed,
    padded,
    place_of,
    walk,
)
from beyou.marketplace.rules import State
from beyou.marketplace.wanted import Wanted

PAGE = 24
SIMILAR = 4
#: The friends whose offers come first.
_FRIENDS = 500
#: The favourites that are looked through, the last ones.
_LIKES = 2_000


@dataclass(frozen=True, slots=True)
class Branch:
    """A category with those below it."""

    id: int
    slug: str
    name: str
    parent: "str | None" = None
    branches: "tuple[Branch, ...]" = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class CardPage:
    """One page of a grid; `next` is where to continue, or empty."""

    items: list[Card]
    next: str


_CATEGORIES = Query(
    lambda: Category.objects.order_by("position", "name", "id").values_list("id", "parent_id", "slug", "name")
)


def tree() -> tuple[Branch, ...]:
    """The categories, two levels deep. One statement."""
    return _tree(tuple(_CATEGORIES()))


@lru_cache(maxsize=2)
def _tree(rows: tuple[tuple[int, int | None, str, str], ...]) -> tuple[Branch, ...]:
    below = {
        root: tuple(Branch(pk, slug, name, of) for pk, parent, slug, name in rows if parent == root)
        for root, parent_of_root, of, _ in rows
        if parent_of_root is None
    }
    return tuple(Branch(pk, slug, name, None, below[pk]) for pk, _, slug, name in rows if pk in below)


def branch_of(branches: Iterable[Branch], slug: str) -> Branch | None:
    """The category with this slug, on whichever level."""
    for branch in branches:
        found = branch if branch.slug == slug else branch_of(branch.branches, slug)
        if found:
            return found
    return None


def card_page(
    member_id: UUID,
    wanted: Wanted,
    branches: Iterable[Branch],
    *,
    after: str = "",
    limit: int = PAGE,
    likes: bool = True,
) -> CardPage:
    """The items that the member may see and looks for. A number of statements that does not depend on theirs.

    What is sold or listed meanwhile shifts nothing: a page continues behind an item, not behind a count.
    With `likes` the cards say which of them the member likes. Raises `InvalidInput` for a place that is none.
    """
    phase, place = place_of(after)
    ids: list[int] = []
    if wanted.category:
        branch = branch_of(branches, wanted.category)
        if branch is None:
            return CardPage([], "")
        ids = padded([branch.id, *(each.id for each in branch.branches)])

    def found(among: Among, friends: list[UUID], most: int, *, is_begun: bool) -> list[Found]:
        shape = Shape(
            wanted.sort,
            most,
            len(ids),
            wanted.low is not None,
            wanted.high is not None,
            wanted.conditions,
            wanted.delivery,
            is_begun,
            among,
            len(friends),
        )
        return walk(
            *(shape, Words(wanted.text, wanted.region)),
            member_id=member_id,
            branches=ids,
            friends=friends,
            low=wanted.low,
            high=wanted.high,
            place=place if is_begun else None,
        )

    if not wanted.friends_first:
        rows = found(Among.ALL, [], limit + 1, is_begun=place is not None)
        return _page(member_id, rows, limit, {}, likes=likes)
    friends = padded(list(friends_of(member_id).order_by("id").values_list("id", flat=True)[:_FRIENDS]))
    rows = []
    if phase == "f" and friends:
        rows = found(Among.FRIENDS, friends, limit + 1, is_begun=place is not None)
    phases = {item_id: "f" for item_id, _ in rows}
    if len(rows) <= limit:
        rows += found(Among.OTHERS, friends, limit + 1, is_begun=phase == "o")[: limit + 1 - len(rows)]
    return _page(member_id, rows, limit, phases, likes=likes)


def _page(
    member_id: UUID, rows: list[Found], limit: int, phases: dict[UUID, str], *, likes: bool
) -> CardPage:
    cards = cards_of(member_id, [item_id for item_id, _ in rows[:limit]], likes=likes)
    if len(rows) <= limit:
        return CardPage(cards, "")
    item_id, key = rows[limit - 1]
    return CardPage(cards, f"{phases.get(item_id, 'o')}{key}-{item_id.hex}")


def similar_to(member_id: UUID, item: Item) -> list[Card]:
    """A few other items of the same category, the newest first."""
    rows = listed().filter(seller_is_listed_to(member_id), category=item.category_id).exclude(pk=item.pk)
    found = rows.exclude(seller_id=member_id).order_by("-listed_ms", "-id").values_list("id", flat=True)
    return cards_of(member_id, list(found[:SIMILAR]), likes=False)


def offered_by(member_id: UUID, seller_id: UUID, *, limit: int = PAGE) -> list[Card]:
    """What a seller offers now, the newest first, as the member may see it; at most one page."""
    seen = Q(seller_id=member_id) | Q(seller_is_seen_by(member_id))
    rows = Item.objects.filter(seen, seller_id=seller_id, state=State.AVAILABLE)
    found = rows.order_by("-listed_ms", "-id").values_list("id", flat=True)
    return cards_of(member_id, list(found[:limit]), likes=False)


def favourites(member_id: UUID, *, limit: int = 100) -> list[Card]:
    """What the member keeps an eye on, sold things included; at most a hundred, by newest."""
    seen = Q(state__in=[State.AVAILABLE, State.SOLD]) & Q(seller_is_seen_by(member_id))
    # As a list: from the newest item on, the whole market would be looked at for them.
    liked = Favourite.objects.filter(member_id=member_id).order_by("-id").values_list("item_id", flat=True)
    rows = Item.objects.filter(seen, id__in=list(liked[:_LIKES])).order_by("-listed_ms", "-id")
    return cards_of(member_id, list(rows.values_list("id", flat=True)[:limit]))


def own_items(member_id: UUID, *, limit: int = 200) -> list[Card]:
    """Everything the member drafts, offers, paused and sold, what was changed last first; at most 200."""
    rows = Item.objects.filter(seller_id=member_id).order_by("-changed_at", "-id")
    changed = dict(rows.values_list("id", "changed_at")[:limit])
    return [replace(card, changed_at=changed[card.item.id]) for card in cards_of(member_id, list(changed))]
