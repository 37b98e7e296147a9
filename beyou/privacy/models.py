"""Copies that members ask for, and what is left of those who left."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.privacy.rules import ErasureState, ExportState


class DataExport(models.Model):
    """One copy of a member's data: first work to do, then an encrypted file of some days."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # The member while it is being made, so that there is at most one; empty afterwards.
    open_of = models.OneToOneField("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(
        max_length=10,
        choices=[(state.value, state.value) for state in ExportState],
        default=ExportState.WAITING.value,
    )
    # In percent.
    progress = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Until when the process that works on it has it to itself; it renews this while it lives.
    lease_ms = models.BigIntegerField(default=0)
    # The data key of the file, wrapped by the keyring.
    wrapped_key = models.BinaryField(default=bytes)
    # Bytes of the ZIP, before encryption.
    size = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "lease_ms"], name="privacy_export_due")]

    def __str__(self) -> str:
        return f"{self.state} export {self.id}"


class Erasure(models.Model):
    """What was erased of a member, what remains and why. It names nobody: the id leads to a tombstone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member_id = models.UUIDField(unique=True)
    state = models.CharField(
        max_length=10,
        choices=[(state.value, state.value) for state in ErasureState],
        default=ErasureState.RUNNING.value,
    )
    # How many rows about the member each table had before: [{"what": …, "count": …}].
    erased = models.JSONField(default=list)
    # What stays: [{"what": …, "count": …, "why": …}]; written at the end.
    kept = models.JSONField(default=list)
    # The address for the last mail, encrypted; emptied when the mail is sent, or after a week.
    address = models.BinaryField(default=bytes)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "started_at"], name="privacy_erasure_state")]

    def __str__(self) -> str:
        return f"{self.state} erasure {self.id}"
