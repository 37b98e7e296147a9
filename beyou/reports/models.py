"""What members report, and the cases that the staff make of it."""

from django.db import models
from django.db.models import Q

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.moderation.rules import REASONS, Reason
from beyou.reports.rules import OPEN, OUTCOMES, STAFF_OUTCOMES, TARGETS, Outcome, State, Target


class Case(models.Model):
    """Every report of one target until the staff decide. `open_of` names the target while it is open."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    target = models.CharField(max_length=10, choices=[(each.value, TARGETS[each]) for each in Target])
    # A member, an item, a part of an order, or for messages whoever wrote them.
    target_id = models.UUIDField()
    # Who answers for it.
    about = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    open_of = models.CharField(max_length=60, null=True, unique=True)  # noqa: DJ001  (many are closed)
    state = models.CharField(
        max_length=14, choices=[(each.value, each.value) for each in State], default=State.PENDING
    )
    report_count = models.PositiveIntegerField(default=0)
    # Whether the automatic help has a part in it.
    is_found = models.BooleanField(default=False)
    held_by_id = models.UUIDField(null=True)
    held_until = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, default="")
    # What whoever reported it reads beside the outcome, sealed under a key of its own.
    answer = models.BinaryField(default=bytes)
    sanction = models.ForeignKey(
        "moderation.Sanction", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    # The click that decided it, with whatever other cases; a later one has another.
    decision_id = models.UUIDField(null=True, db_index=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["state", "id"], name="reports_queue"),
            models.Index(fields=["about", "id"], name="reports_about"),
            models.Index(fields=["decided_at"], name="reports_decided"),
        ]

    def __str__(self) -> str:
        return f"{self.state} case {self.pk}"

    @property
    def is_open(self) -> bool:
        return State(self.state) in OPEN

    @property
    def outcome_words(self) -> str:
        return OUTCOMES[Outcome(self.outcome)] if self.outcome else ""

    @property
    def staff_outcome(self) -> str:
        return STAFF_OUTCOMES[Outcome(self.outcome)] if self.outcome else ""


class Report(models.Model):
    """What one member says about the target of a case, once while it is open; or what the automatic help
    found.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey("reports.Case", on_delete=models.CASCADE, related_name="reports")
    # Nobody for what the automatic help found; then which finding it is.
    reporter = models.ForeignKey("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    finding_id = models.UUIDField(null=True, unique=True)
    reason = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Reason])
    # Both sealed under keys of their own: what the reporter says, and what the target said at that moment.
    words = models.BinaryField(default=bytes)
    snapshot = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "reporter"], name="reports_once"),
        ]
        indexes = [models.Index(fields=["reporter", "-id"], name="reports_of_member")]

    def __str__(self) -> str:
        return f"report {self.pk}"

    @property
    def reason_words(self) -> str:
        return REASONS[Reason(self.reason)]


class Shown(models.Model):
    """A screenshot, or a message as it was sent, that came with a report. Rows never change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    report = models.ForeignKey("reports.Report", on_delete=models.CASCADE, related_name="shown")
    # A picture in the private store.
    media_id = models.UUIDField(null=True)
    # A message: who wrote it and when, its words sealed, and what of it could be checked.
    message_id = models.UUIDField(null=True)
    sender = models.ForeignKey("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    sent_at = models.DateTimeField(null=True)
    text = models.BinaryField(default=bytes)
    was_sealed = models.BooleanField(default=False)
    is_verified = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "message_id"], name="reports_message_once"),
            models.CheckConstraint(
                condition=Q(media_id__isnull=True, message_id__isnull=False, sender__isnull=False)
                | Q(media_id__isnull=False, message_id__isnull=True, sender__isnull=True),
                name="reports_picture_or_message",
            ),
        ]

    def __str__(self) -> str:
        return f"shown {self.pk}"


class Removal(models.Model):
    """What the staff took away with a decision about a member, kept aside for as long as it can come back."""

    sanction = models.OneToOneField(
        "moderation.Sanction", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    # Of a profile: its text, sealed under a key of its own, and the file of its picture.
    text = models.BinaryField(default=bytes)
    media_id = models.UUIDField(null=True)
    # An item that is off the market.
    item_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=now, db_index=True)

    def __str__(self) -> str:
        return f"removal by {self.sanction_id}"


class RemovedMessage(models.Model):
    """A message that the staff removed with a decision; `messaging` withholds what it said."""

    id = models.BigAutoField(primary_key=True)
    removal = models.ForeignKey("reports.Removal", on_delete=models.CASCADE, related_name="messages")
    message_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["removal", "message_id"], name="reports_removed_once"),
        ]

    def __str__(self) -> str:
        return f"removed message {self.message_id}"
