"""Searches that members keep."""

import hashlib
import json
from uuid import UUID

from django.db import transaction

from beyou.core import clock, limits
from beyou.core.errors import InvalidInput, NotFound
from beyou.marketplace.models import Category, SavedSearch, SearchKey
from beyou.marketplace.rules import MOST_SEARCHES, SEARCH_NAME_LENGTH, is_plain
from beyou.marketplace.wanted import Wanted, keys_of, packed
from beyou.search.queries import asked_keys
from beyou.users.queries import lock_members


def save_search(*, member_id: UUID, name: str, wanted: Wanted, alerts: bool = True) -> SavedSearch:
    """The member keeps the search; one that is kept already stays as it is and is returned.

    Raises `InvalidInput` for a name that is none, for words that are none, for a search of everything and for
    more than fifty, and `RateLimited`.
    """
    limits.check("searches.member", str(member_id))
    name = _named(name)
    words = asked_keys(wanted.text)
    if wanted.text and not words:
        raise InvalidInput("There is no word in what you search for. Type one, then save.")
    if not wanted.is_narrow and not wanted.category:
        raise InvalidInput("Type a word, or choose a category or a filter first: this is the whole market.")
    if wanted.category and not Category.objects.filter(slug=wanted.category).exists():
        raise InvalidInput("This category is gone. Choose another one.")
    stored = packed(wanted)
    text = json.dumps(stored, sort_keys=True).encode()
    digest = hashlib.sha256(text).hexdigest()[:32]
    with transaction.atomic():
        lock_members([member_id])
        mine = SavedSearch.objects.filter(member_id=member_id)
        if there := mine.filter(digest=digest).first():
            return there
        if mine.count() >= MOST_SEARCHES:
            raise InvalidInput(f"You keep {MOST_SEARCHES} searches, which is the most. Delete one first.")
        made = SavedSearch.objects.create(
            member_id=member_id, name=name, wanted=stored, digest=digest, alerts=alerts
        )
        keys = sorted(keys_of(wanted, words=words))
        SearchKey.objects.bulk_create(SearchKey(search=made, key=key) for key in keys)
    return made


def change_search(
    *, member_id: UUID, search_id: UUID, name: str | None = None, alerts: bool | None = None
) -> None:
    """The search has the name, and tells or does not tell; what is None stays.

    Raises `NotFound` for what is not the member's, `InvalidInput` for a name that is none, and `RateLimited`.
    """
    limits.check("searches.member", str(member_id))
    fields: dict[str, object] = {}
    if name is not None:
        fields["name"] = _named(name)
    if alerts is not None:
        fields["alerts"] = alerts
    mine = SavedSearch.objects.filter(member_id=member_id, id=search_id)
    if not mine.exists() or (fields and not mine.update(**fields)):
        raise NotFound


def look_at(*, member_id: UUID, search_id: UUID) -> SavedSearch:
    """What it has found counts as seen. Raises `NotFound` for what is not the member's."""
    search = SavedSearch.objects.filter(member_id=member_id, id=search_id).first()
    if search is None:
        raise NotFound
    SavedSearch.objects.filter(pk=search.pk).update(looked_at=clock.now())
    return search


def delete_search(*, member_id: UUID, search_id: UUID) -> None:
    """The search is gone; what the member was told of is remembered. Raises `NotFound`."""
    gone, _ = SavedSearch.objects.filter(member_id=member_id, id=search_id).delete()
    if not gone:
        raise NotFound


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > SEARCH_NAME_LENGTH or not is_plain(name):
        raise InvalidInput(f"Give the search a name of at most {SEARCH_NAME_LENGTH} plain characters.")
    return name
