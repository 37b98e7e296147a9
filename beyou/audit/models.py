"""What staff did and what private data they looked at. Rows are added, never changed."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7


class AuditRecord(models.Model):
    """One act of a person with rights over others. Ids, no foreign keys: it outlives whom it is about."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Empty for acts of the command line and of jobs.
    actor_id = models.UUIDField(null=True)
    act = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    object_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["actor_id", "-created_at"], name="audit_actor"),
            models.Index(fields=["subject_id", "-created_at"], name="audit_subject"),
            models.Index(fields=["act", "-created_at"], name="audit_act"),
        ]

    def __str__(self) -> str:
        return f"{self.act} by {self.actor_id}"
