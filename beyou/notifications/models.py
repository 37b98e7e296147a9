"""The activity centre."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.notifications.rules import Kind


class Notification(models.Model):
    """Something that happened to a member and waits to be seen. Chats have marks of their own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=30, choices=[(kind.value, kind.value) for kind in Kind])
    actor = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "read_at"], name="notifications_unread"),
            models.Index(fields=["member", "-id"], name="notifications_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.member_id}"
