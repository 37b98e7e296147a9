"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from beyou.core import personal
from beyou.core.personal import File, declare, json_list
from beyou.notifications.models import Notification

NOTICES = "notices.json"

declare("notifications.Notification", "member", "actor", what="Notices to you and about you", copied=NOTICES)


@personal.part("notices")
def notices(member_id: UUID) -> Iterator[File]:
    rows = Notification.objects.filter(member_id=member_id).order_by("id")
    yield json_list(
        NOTICES, rows.values("kind", "actor__handle", "target", "created_at", "read_at").iterator()
    )
