"""What those who run an instance keep for themselves."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7

NAME_LENGTH = 60


class SavedFilter(models.Model):
    """What one of the staff wants to see of a list, under a name of theirs."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # Which list it is for, as `filters.LISTS` calls it.
    list_name = models.CharField(max_length=20)
    name = models.CharField(max_length=NAME_LENGTH)
    # The name without capitals, so that two do not differ by those alone.
    name_key = models.CharField(max_length=NAME_LENGTH * 3)
    # The fields of the list's form that are not empty.
    wanted = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "list_name", "name_key"], name="console_filter_name_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner_id}"
