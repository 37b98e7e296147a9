"""Keeping an eye on an item, and no longer."""

from uuid import UUID

from beyou.marketplace.models import Favourite
from beyou.marketplace.queries.items import item_for


def like(*, member_id: UUID, item_id: UUID) -> None:
    """The item is among the member's favourites; twice is once. Raises `NotFound` like `queries.item_for`."""
    item_for(member_id, item_id)
    Favourite.objects.bulk_create([Favourite(member_id=member_id, item_id=item_id)], ignore_conflicts=True)


def unlike(*, member_id: UUID, item_id: UUID) -> None:
    """The item is not among the member's favourites, whether it was or not.

    Raises `NotFound` like `queries.item_for`; then it is none all the same.
    """
    Favourite.objects.filter(member_id=member_id, item_id=item_id).delete()
    item_for(member_id, item_id)
