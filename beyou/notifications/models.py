"""The activity centre."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.notifications.rules import ICONS, TEXTS, Kind


class Notification(models.Model):
    """Something that happened to a member and waits to be seen. Chats have marks of their own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=30, choices=[(kind.value, kind.value) for kind in Kind])
    # Empty when nobody did it, such as a warning about a sign-in or a decision of the staff.
    actor = models.ForeignKey("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    # Where it leads, as a path of ours; empty for the actor's profile.
    target = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "read_at"], name="notifications_unread"),
            models.Index(fields=["member", "-id"], name="notifications_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.member_id}"

    @property
    def text(self) -> str:
        return TEXTS[Kind(self.kind)]

    @property
    def icon(self) -> str:
        return ICONS.get(Kind(self.kind), "bell")
