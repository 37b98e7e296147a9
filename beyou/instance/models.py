"""What owners have set, and their invitations."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7


class InstanceSettings(models.Model):
    """The one row of settings. What is empty in it the environment says."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    # Counts the saves, so that of two owners the one who read an older version is told.
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=60, blank=True)
    rules = models.TextField(blank=True)
    accent = models.CharField(max_length=10, blank=True)
    registration = models.CharField(max_length=10, blank=True)
    # What `options` declares. Null, and an empty word: the default holds. Each page of them has a version.
    market_version = models.PositiveIntegerField(default=0)
    market_commission = models.PositiveIntegerField(null=True)
    market_browsing = models.CharField(max_length=10, blank=True)
    claim_days = models.PositiveSmallIntegerField(null=True)
    claim_answer_days = models.PositiveSmallIntegerField(null=True)
    claim_four_eyes = models.PositiveBigIntegerField(null=True)
    limits_version = models.PositiveIntegerField(default=0)
    messages_per_minute = models.PositiveIntegerField(null=True)
    requests_per_hour = models.PositiveIntegerField(null=True)
    media_quota_mb = models.PositiveIntegerField(null=True)
    chats_new = models.PositiveIntegerField(null=True)
    chats_basic = models.PositiveIntegerField(null=True)
    chats_known = models.PositiveIntegerField(null=True)
    items_new = models.PositiveIntegerField(null=True)
    items_basic = models.PositiveIntegerField(null=True)
    items_known = models.PositiveIntegerField(null=True)
    retention_version = models.PositiveIntegerField(default=0)
    login_log_days = models.PositiveSmallIntegerField(null=True)
    verification_document_days = models.PositiveSmallIntegerField(null=True)
    evidence_days = models.PositiveSmallIntegerField(null=True)
    finding_days = models.PositiveSmallIntegerField(null=True)
    notice_days = models.PositiveSmallIntegerField(null=True)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="instance_one_row")]

    def __str__(self) -> str:
        return f"version {self.version}"


class Invitation(models.Model):
    """One link that lets some people join until a day. Only the digest of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=60, blank=True)
    uses = models.PositiveSmallIntegerField()
    used = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    # Members stand above this app, so that this is an id and no foreign key.
    made_by_id = models.UUIDField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(used__lte=models.F("uses")), name="instance_invitation_uses"
            )
        ]

    def __str__(self) -> str:
        return f"{self.used} of {self.uses}"


class Announcement(models.Model):
    """Words of the staff to everybody, or to members alone, from a moment until another."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(max_length=100)
    text = models.TextField(blank=True)
    is_for_members = models.BooleanField(default=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    # Counts the changes, so that of two of the staff the one who read an older version is told.
    version = models.PositiveIntegerField(default=1)
    made_by_id = models.UUIDField()

    def __str__(self) -> str:
        return self.title
