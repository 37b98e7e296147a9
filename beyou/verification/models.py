"""Requests, the documents that came with them, and what was decided."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.verification.rules import State, Verdict, Why


def _choices(kind: type[State] | type[Verdict] | type[Why]) -> list[tuple[str, str]]:
    return [(each.value, each.value) for each in kind]


class VerificationRequest(models.Model):
    """One member's wish to be verified, from the first document to the last decision."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # The member while the request is open, so that there is at most one; empty afterwards.
    open_of = models.OneToOneField("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=20, choices=_choices(State), default=State.PENDING.value)
    # The member's words, encrypted and bound to this row.
    reason = models.BinaryField()
    # What the member must send again: parts, separated by spaces.
    asked_for = models.CharField(max_length=40, blank=True)
    claimed_by_id = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    # Who approved first, where two must.
    first_reviewer_id = models.UUIDField(null=True)
    # Who handed it on last, and to which level; empty while any reviewer may take it.
    escalated_by_id = models.UUIDField(null=True)
    escalated_to = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(default=now)
    # When it was sent for the last time: the wait is counted from here.
    submitted_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "submitted_at"], name="verification_queue"),
            models.Index(fields=["member", "-id"], name="verification_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.state} request {self.id}"


class Document(models.Model):
    """That a document was there. The picture is encrypted media; the row outlives it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.ForeignKey(
        "verification.VerificationRequest", on_delete=models.CASCADE, related_name="documents"
    )
    # The MediaFile; empty once it is deleted.
    media_id = models.UUIDField(null=True, unique=True)
    created_at = models.DateTimeField(default=now)
    # For how many days after the decision its owner was told that it is kept, at most.
    promised_days = models.PositiveSmallIntegerField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_because = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = [models.Index(fields=["request", "-id"], name="verification_of_request")]

    def __str__(self) -> str:
        return f"document {self.id}"


class Decision(models.Model):
    """Who decided what, when and why. Ids of reviewers, no foreign keys: it outlives them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.ForeignKey(
        "verification.VerificationRequest", on_delete=models.CASCADE, related_name="decisions"
    )
    reviewer_id = models.UUIDField()
    verdict = models.CharField(max_length=20, choices=_choices(Verdict))
    why = models.CharField(max_length=20, choices=_choices(Why), blank=True)
    # What the member reads besides; of a request that was handed on, what the colleague reads.
    note = models.CharField(max_length=500, blank=True)
    # From the last sending to the decision, in milliseconds.
    waited_ms = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["request", "-id"], name="verification_decisions"),
            models.Index(fields=["verdict", "-id"], name="verification_verdicts"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.id}"
