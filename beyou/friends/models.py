"""Who is whose friend, and who asked."""

from django.db import models

from beyou.core.clock import now


class Friendship(models.Model):
    """Two members are friends. `first` is the smaller id, so that a pair has one row."""

    id = models.BigAutoField(primary_key=True)
    first = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="friends_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="friends_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"


class FriendRequest(models.Model):
    """One member asked another; it waits for an answer."""

    id = models.BigAutoField(primary_key=True)
    sender = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    receiver = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "receiver"], name="friends_asked_once"),
            models.CheckConstraint(
                condition=~models.Q(sender=models.F("receiver")), name="friends_ask_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sender_id} asks {self.receiver_id}"
