"""Who does not want to hear of whom."""

from django.db import models

from beyou.core.clock import now


class UserBlock(models.Model):
    """One member blocks another; it holds in both directions, and the blocked one is told nothing."""

    id = models.BigAutoField(primary_key=True)
    blocker = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    blocked = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # For the blocker's own memory.
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="blocks_once"),
            models.CheckConstraint(condition=~models.Q(blocker=models.F("blocked")), name="blocks_another"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"
