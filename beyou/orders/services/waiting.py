"""Waiting for a thing that somebody else holds: one notice when it is free again."""

from uuid import UUID

from django.db import transaction

from beyou.core.errors import NotFound
from beyou.marketplace import queries as market
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.orders.models import Waiting


def wait_for(*, member_id: UUID, variant_id: UUID) -> None:
    """The member is told once when the thing is free; asking again changes nothing. Raises `NotFound` for
    what is not offered to the member.
    """
    offer = market.buyable_for(member_id, [variant_id]).get(variant_id)
    if offer is None:
        raise NotFound
    Waiting.objects.get_or_create(
        member_id=member_id, variant_id=variant_id, defaults={"item_id": offer.item_id}
    )


def stop_waiting(*, member_id: UUID, variant_id: UUID) -> None:
    Waiting.objects.filter(member_id=member_id, variant_id=variant_id).delete()


@transaction.atomic
def tell_waiting(*, variant_id: UUID) -> int:
    """Whoever waits for the thing, and can buy it now, is told and waits no more. Returns how many."""
    told = 0
    for row in Waiting.objects.filter(variant_id=variant_id).order_by("id"):
        offer = market.buyable_for(row.member_id, [variant_id]).get(variant_id)
        if offer is None or offer.available <= 0:
            continue
        # The row that is deleted is the one that speaks: of two who look at once one deletes it.
        if Waiting.objects.filter(id=row.pk).delete()[0]:
            notify(
                member_id=row.member_id,
                kind=Kind.FREE_AGAIN,
                target=f"/market/i/{row.item_id}",
            )
            told += 1
    return told
