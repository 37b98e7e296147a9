"""Ranges of addresses from which nobody may sign in for a time."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7


class AddressBlock(models.Model):
    """A range from which nobody signs in, joins or uses a token; its time ends it, or one of the staff."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # As in "192.0.2.0/24", without bits of a host.
    network = models.CharField(max_length=43)
    # Both ends as `address_rules.key_of` writes them, so that every engine compares them as text.
    first = models.CharField(max_length=32)
    last = models.CharField(max_length=32)
    # The network while nobody has lifted it, so that there is one at most; empty afterwards.
    open_network = models.CharField(max_length=43, null=True, unique=True)  # noqa: DJ001  (unique only while it counts)
    reason = models.CharField(max_length=200)
    blocked_by_id = models.UUIDField()
    lifted_by_id = models.UUIDField(null=True)
    lifted_at = models.DateTimeField(null=True)
    until = models.DateTimeField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["first", "last"], name="users_blocked_range")]

    def __str__(self) -> str:
        return self.network
