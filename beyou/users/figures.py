"""What statistics may know of accounts: numbers, and ids to intersect, never a name or an address."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db.models import Count

from beyou.users.models import LoginActivity, LoginOutcome, User


def sign_ins(start: dt.datetime, end: dt.datetime) -> dict[str, int]:
    """Attempts to sign in by outcome, from `start` until before `end`. One statement."""
    rows = LoginActivity.objects.filter(created_at__gte=start, created_at__lt=end)
    return dict(rows.values_list("outcome").annotate(count=Count("id")).order_by())


def signed_in(start: dt.datetime, end: dt.datetime) -> set[UUID]:
    """Who signed in. One statement."""
    rows = LoginActivity.objects.filter(created_at__gte=start, created_at__lt=end, member__isnull=False)
    return set(rows.filter(outcome=LoginOutcome.SUCCESS).values_list("member_id", flat=True))


def joined(start: dt.datetime, end: dt.datetime) -> set[UUID]:
    """Who joined, also those who are gone since. One statement."""
    rows = User.objects.filter(date_joined__gte=start, date_joined__lt=end)
    return set(rows.values_list("id", flat=True))


def first_day() -> dt.date | None:
    """When the first member joined."""
    first = User.objects.order_by("date_joined").values_list("date_joined", flat=True).first()
    return first.astimezone(dt.UTC).date() if first else None


def handles(member_ids: Collection[UUID]) -> dict[UUID, str]:
    """The handles of those of them who are still here. One statement."""
    rows = User.objects.filter(id__in=member_ids, erased_at=None)
    return dict(rows.values_list("id", "handle"))
