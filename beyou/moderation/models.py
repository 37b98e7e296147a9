"""Decisions of the staff about members, and what members say against them."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.moderation.rules import REASONS, AppealState, Kind, Reason, State, shown


class Sanction(models.Model):
    """One decision about a member. `open_of` is the member while a suspension counts or waits, `limit_of`
    while a limit counts: a limited member can still be suspended.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    open_of = models.OneToOneField("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    limit_of = models.OneToOneField("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=[(each.value, each.value) for each in Kind])
    reason = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Reason])
    # What the member reads, sealed under a key of its own.
    words = models.BinaryField(default=bytes)
    state = models.CharField(max_length=10, choices=[(each.value, each.value) for each in State])
    # Of what ends.
    days = models.PositiveSmallIntegerField(null=True)
    until = models.DateTimeField(null=True)
    decided_by_id = models.UUIDField(null=True)
    seconded_by_id = models.UUIDField(null=True)
    lifted_by_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=now)
    # Since when it counts.
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "-id"], name="moderation_of_member"),
            models.Index(fields=["state", "until"], name="moderation_due"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.kind} {self.pk}"

    @property
    def standing(self) -> State:
        """How it stands now."""
        return shown(State(self.state), self.until, now())

    @property
    def reason_words(self) -> str:
        return REASONS[Reason(self.reason)]

    @property
    def is_for_ever(self) -> bool:
        return self.kind == Kind.SUSPENSION and self.days is None


class Appeal(models.Model):
    """What a member says against a decision, once, and what somebody else of the staff answered."""

    sanction = models.OneToOneField(
        "moderation.Sanction", primary_key=True, on_delete=models.CASCADE, related_name="appeal"
    )
    # Both sealed under keys of their own.
    words = models.BinaryField(default=bytes)
    answer = models.BinaryField(default=bytes)
    state = models.CharField(
        max_length=10,
        choices=[(each.value, each.value) for each in AppealState],
        default=AppealState.OPEN,
    )
    decided_by_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "created_at"], name="moderation_appeals")]

    def __str__(self) -> str:
        return f"{self.state} appeal against {self.pk}"


class DecisionRecord(models.Model):
    """What was decided, written down for the member, with the salt under which the ledger committed to it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sanction = models.ForeignKey("moderation.Sanction", on_delete=models.CASCADE, related_name="records")
    # Dense from 1 within a decision.
    number = models.PositiveSmallIntegerField()
    # Sealed under a key of its own.
    record = models.BinaryField()
    salt = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sanction", "number"], name="moderation_record_number")
        ]

    def __str__(self) -> str:
        return f"record {self.number} of {self.sanction_id}"
