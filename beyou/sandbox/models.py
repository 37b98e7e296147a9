"""What the pretend bank remembers. It knows no members and no orders, as a bank outside would not."""

from django.db import models
from django.db.models import Q

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.payments.rules import Progress


class BankCharge(models.Model):
    """Somebody is to be charged. Who knows the reference may pay, as on the page of a real bank."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=60, unique=True)
    # What makes a repeated request a repeat: the caller's id.
    key = models.UUIDField(unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    return_path = models.CharField(max_length=300)
    progress = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in Progress], default=Progress.OPEN.value
    )
    card = models.CharField(max_length=20, blank=True)
    needs_confirmation = models.BooleanField(default=False)
    failure = models.CharField(max_length=60, blank=True)
    settles_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="sandbox_charge_of_something")
        ]

    def __str__(self) -> str:
        return f"{self.progress} charge {self.reference}"


class BankRefund(models.Model):
    """Pretend money went back."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    charge = models.ForeignKey("sandbox.BankCharge", on_delete=models.PROTECT, related_name="refunds")
    key = models.UUIDField(unique=True)
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="sandbox_refund_of_something")
        ]

    def __str__(self) -> str:
        return f"refund {self.key}"


class BankPayout(models.Model):
    """Pretend money went to a pretend account."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.UUIDField(unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"payout {self.key}"


class BankNotice(models.Model):
    """A webhook that the caller has still to hear of, or heard of. Times are milliseconds."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    charge = models.ForeignKey("sandbox.BankCharge", on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=40)
    due_ms = models.BigIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["delivered_at", "due_ms"], name="sandbox_notice_due")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.charge_id}"
