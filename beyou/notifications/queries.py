"""Reading the activity centre."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from beyou.blocks.queries import blocked_with
from beyou.core import ids
from beyou.core.bulk import Lookup
from beyou.core.errors import NotFound
from beyou.notifications.models import Notification
from beyou.users.queries import present

PAGE = 30


@dataclass(frozen=True, slots=True)
class Page:
    """Notices, the newest first; `next` continues behind the last one."""

    items: list[Notification]
    next: UUID | None

    @property
    def next_key(self) -> str:
        """As text, for addresses."""
        return str(self.next) if self.next else ""


def notifications_for(member_id: UUID) -> QuerySet[Notification]:
    """What the member may see: nothing about somebody with whom there is a block."""
    return _visible().filter(member_id=member_id)


def _visible() -> QuerySet[Notification]:
    return Notification.objects.filter(Q(actor=None) | present("actor")).exclude(
        blocked_with("member_id", "actor_id")
    )


_UNREAD = Lookup(
    lambda ids: (
        _visible()
        .filter(member_id__in=ids, read_at=None)
        .order_by()
        .values("member_id")
        .annotate(unread=Count("id"))
        .values_list("unread")
    )
)


def unread_count(member_id: UUID) -> int:
    """One statement, on every page that shows the bell."""
    return sum(count for (count,) in _UNREAD([member_id]))


def notification_page(member_id: UUID, *, before: UUID | None = None, limit: int = PAGE) -> Page:
    """One statement, whatever the number of notices."""
    rows = notifications_for(member_id).select_related("actor").order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    items = list(rows[: limit + 1])
    return Page(items[:limit], items[limit - 1].id if len(items) > limit else None)


def notification_for(member_id: UUID, notification_id: UUID) -> Notification:
    """Raises `NotFound` for what is not the member's."""
    row = notifications_for(member_id).select_related("actor").filter(id=notification_id).first()
    if row is None:
        raise NotFound
    return row


def noticed_before(moment: dt.datetime) -> QuerySet[Notification]:
    """Notices whose time is before that moment. Their ids are no younger, so that the key finds them."""
    return Notification.objects.filter(id__lt=ids.first_at(moment), created_at__lt=moment)
