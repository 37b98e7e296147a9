"""Reminding members of what they left in their cart, if they want it."""

import datetime as dt
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery

from beyou.core import clock
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.orders.models import CartLine, CartReminder, Order
from beyou.orders.rules import CART_FORGOTTEN, CART_LEFT


def set_reminder(*, member_id: UUID, wanted: bool) -> None:
    """Whether the member is reminded of a cart that is left for a day. Asked for twice it is as once."""
    if wanted:
        CartReminder.objects.get_or_create(member_id=member_id)
    else:
        CartReminder.objects.filter(member_id=member_id).delete()


def remind_due(limit: int = 100) -> int:
    """Members who want it and left something in their cart a day ago are told, once after each thing that
    they put into it; whoever has begun a checkout is not. Returns how many were told.
    """
    now = clock.now()
    newest = CartLine.objects.filter(member_id=OuterRef("member_id")).order_by("-added_at")
    rows = (
        CartReminder.objects.annotate(last=Subquery(newest.values("added_at")[:1]))
        .filter(Q(reminded_at=None) | Q(reminded_at__lt=F("last")))
        .filter(last__lte=now - CART_LEFT, last__gt=now - CART_FORGOTTEN)
        .exclude(member_id__in=Order.objects.filter(open_of__isnull=False).values("open_of_id"))
    )
    due = list(rows.order_by("last").values_list("member_id", "last")[:limit])
    return sum(_remind(member_id, last) for member_id, last in due)


@transaction.atomic
def _remind(member_id: UUID, last: dt.datetime) -> bool:
    """Whether this process is the one that told the member."""
    row = CartReminder.objects.filter(Q(reminded_at=None) | Q(reminded_at__lt=last), member_id=member_id)
    if not row.update(reminded_at=clock.now()):
        return False
    notify(member_id=member_id, kind=Kind.CART_REMINDER, target="/cart")
    return True
