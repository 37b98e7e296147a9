"""What staff did and what private data they looked at. Rows are added, never changed."""

from django.db import models

from beyou.audit.append_only import AddedRow, AddedRows
from beyou.core.clock import now
from beyou.core.ids import uuid7


class AuditRecord(AddedRow):
    """One act of a person with rights over others. Ids, no foreign keys: it outlives whom it is about.

    Rows are numbered densely from 1, and each carries the digest over itself and that of the row before.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.BigIntegerField(unique=True)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    # Empty for acts of the command line and of jobs.
    actor_id = models.UUIDField(null=True)
    act = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    object_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(default=now)

    objects = AddedRows.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["actor_id", "-created_at"], name="audit_actor"),
            models.Index(fields=["subject_id", "-created_at"], name="audit_subject"),
            models.Index(fields=["act", "-created_at"], name="audit_act"),
            models.Index(fields=["-created_at"], name="audit_time"),
        ]

    def __str__(self) -> str:
        return f"{self.act} by {self.actor_id}"


class Head(models.Model):
    """The one row that writers hold while they add: the number and the digest of the newest row."""

    id = models.SmallIntegerField(primary_key=True)
    number = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"head of the audit at {self.number}"


class Standing(models.Model):
    """The one row that says what the last check of all rows found, and what was anchored last."""

    id = models.SmallIntegerField(primary_key=True)
    checked_at = models.DateTimeField(null=True)
    checked_rows = models.BigIntegerField(default=0)
    # The first thing that was wrong; empty when all was well.
    problem = models.TextField(blank=True)
    anchored_at = models.DateTimeField(null=True)
    anchored_number = models.BigIntegerField(default=0)
    # SHA-256 of the document in the ledger, in hexadecimal.
    anchor = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"standing of the audit at {self.checked_at}"
