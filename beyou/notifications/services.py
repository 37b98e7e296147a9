"""Telling members, and marking what they saw."""

from uuid import UUID

import orjson
from django.db import transaction

from beyou.core import clock
from beyou.core.ports import options, realtime
from beyou.notifications import queries
from beyou.notifications.models import Notification
from beyou.notifications.rules import Kind
from beyou.users import queries as users


def notify(*, member_id: UUID, kind: Kind, actor_id: UUID | None = None, target: str = "") -> None:
    """The member has one unread notice of this kind about the actor and target; open pages show it
    after the commit.

    A repeat renews the time instead of adding a row, so that nobody can flood another. What goes on without
    an erased member, such as an order, leaves no notice behind.
    """
    fields = {"member_id": member_id, "kind": kind, "actor_id": actor_id, "target": target, "read_at": None}
    if not Notification.objects.filter(**fields).update(created_at=clock.now()):
        if users.is_erased(member_id):
            return
        Notification.objects.create(**fields)
    _tell_after_commit(member_id)


def withdraw(*, member_id: UUID, kind: Kind, actor_id: UUID) -> None:
    """An unread notice whose reason is gone is gone, too."""
    gone, _ = Notification.objects.filter(
        member_id=member_id, kind=kind, actor_id=actor_id, read_at=None
    ).delete()
    if gone:
        _tell_after_commit(member_id)


def mark_read(*, member_id: UUID, notification_id: UUID | None = None) -> None:
    """One notice, or all of them, count as seen."""
    unread = Notification.objects.filter(member_id=member_id, read_at=None)
    if notification_id is not None:
        unread = unread.filter(id=notification_id)
    if unread.update(read_at=clock.now()):
        _tell_after_commit(member_id)


def forget_old(limit: int = 1000) -> int:
    """Notices that are older than owners let them be are gone, read or not. Returns how many went; 0 when
    none is left.
    """
    due = queries.noticed_before(clock.now() - options.kept_for("notice_days")).order_by("id")
    return Notification.objects.filter(id__in=list(due.values_list("id", flat=True)[:limit])).delete()[0]


def _tell_after_commit(member_id: UUID) -> None:
    def tell() -> None:
        frame = {"type": "notification", "unread": queries.unread_count(member_id)}
        realtime.publish([realtime.member_room(member_id)], orjson.dumps(frame))

    transaction.on_commit(tell)
