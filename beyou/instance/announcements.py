"""Writing announcements, ending them, and reading those that are over."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.instance.errors import AnnouncementChanged
from beyou.instance.models import Announcement
from beyou.instance.queries import forget

#: What can be changed.
FIELDS: Final = ("title", "text", "is_for_members", "starts_at", "ends_at")
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


def announcement(announcement_id: UUID) -> Announcement:
    """One of them for the staff. Raises `NotFound`."""
    row = Announcement.objects.filter(id=announcement_id).first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def change(*, actor_id: UUID, announcement_id: UUID, seen_version: int, **wanted: Any) -> bool:
    """It says and stands as wanted, and the audit has what each was before; returns whether anything was
    different. `wanted` has every name of `FIELDS`; the caller has checked the words. Who put it away does not
    see it again.

    Raises `NotFound`, and `AnnouncementChanged` when somebody has changed or ended it since the version that
    the actor saw, or its time is over.
    """
    before = announcement(announcement_id)
    changed = [name for name in FIELDS if getattr(before, name) != wanted[name]]
    if before.version == seen_version and not changed:
        return False
    # Compared and written in one statement: of two savers one wins.
    rows = Announcement.objects.filter(id=announcement_id, version=seen_version, ends_at__gt=clock.now())
    if not rows.update(**wanted, version=seen_version + 1):
        raise AnnouncementChanged(
            "Nothing of yours was saved. Compare both, and save again if it still stands."
        )
    record(
        act="instance.announcement_changed",
        actor_id=actor_id,
        object_id=announcement_id,
        before={name: _plain(getattr(before, name)) for name in changed},
        after={name: _plain(wanted[name]) for name in changed},
    )
    transaction.on_commit(forget)
    return True


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


@transaction.atomic
def end(*, actor_id: UUID, announcement_id: UUID) -> None:
    """It stands on no page any more; a repeat changes nothing. Raises `NotFound`."""
    rows = Announcement.objects.filter(id=announcement_id)
    if rows.filter(ends_at__gt=clock.now()).update(ends_at=clock.now(), version=F("version") + 1):
        record(act="instance.announcement_ended", actor_id=actor_id, object_id=announcement_id)
        transaction.on_commit(forget)
    elif not rows.exists():
        raise NotFound
