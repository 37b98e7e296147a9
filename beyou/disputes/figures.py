"""What statistics may know of claims: how many, and how long they took."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from beyou.disputes.models import Claim
from beyou.disputes.rules import State


def opened(start: dt.datetime, end: dt.datetime) -> int:
    """One statement."""
    return Claim.objects.filter(created_at__gte=start, created_at__lt=end).count()


@dataclass(frozen=True, slots=True)
class Settled:
    """Claims that ended: by the staff, and at all, and how long each took from its first word."""

    by_staff: int
    spans: list[dt.timedelta]


def settled(start: dt.datetime, end: dt.datetime) -> Settled:
    """One statement."""
    rows = Claim.objects.filter(ended_at__gte=start, ended_at__lt=end)
    found = list(rows.values_list("state", "created_at", "ended_at"))
    return Settled(
        by_staff=sum(state == State.DECIDED for state, _, _ in found),
        spans=[ended_at - created_at for _, created_at, ended_at in found if ended_at is not None],
    )


def to_answer(seller_id: UUID) -> int:
    """How many claims wait for a word of this seller. One statement."""
    return Claim.objects.filter(seller_id=seller_id, state=State.OPEN).count()
