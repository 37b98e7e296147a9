"""Writing announcements, ending them, and reading those that are over."""

import datetime as dt
from uuid import UUID

from django.db import transaction

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.instance.models import Announcement
from beyou.instance.queries import forget

#: How many a page lists, the newest first.
SHOWN = 50


def latest(*, for_members: bool) -> list[Announcement]:
    """Those that have begun, the newest first, with those for members alone if asked. One statement."""
    rows = Announcement.objects.filter(starts_at__lte=clock.now()).order_by("-starts_at", "-id")
    return list((rows if for_members else rows.filter(is_for_members=False))[:SHOWN])


def written() -> list[Announcement]:
    """The latest for the staff, also those that have not begun. One statement."""
    return list(Announcement.objects.order_by("-id")[:SHOWN])


@transaction.atomic
def announce(
    *,
    actor_id: UUID,
    title: str,
    text: str,
    is_for_members: bool,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
) -> UUID:
    """It stands on every page from its moment on; returns its id. The caller has checked the words."""
    row = Announcement.objects.create(
        title=title,
        text=text,
        is_for_members=is_for_members,
        starts_at=starts_at,
        ends_at=ends_at,
        made_by_id=actor_id,
    )
    record(act="instance.announced", actor_id=actor_id, object_id=row.pk, title=title, text=text)
    transaction.on_commit(forget)
    return row.pk


@transaction.atomic
def end(*, actor_id: UUID, announcement_id: UUID) -> None:
    """It stands on no page any more; a repeat changes nothing. Raises `NotFound`."""
    rows = Announcement.objects.filter(id=announcement_id)
    if rows.filter(ends_at__gt=clock.now()).update(ends_at=clock.now()):
        record(act="instance.announcement_ended", actor_id=actor_id, object_id=announcement_id)
        transaction.on_commit(forget)
    elif not rows.exists():
        raise NotFound
