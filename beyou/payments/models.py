"""The books, and what is asked of gateways.

People are ids, no foreign keys: the books outlive those whom they are about.
"""

from django.db import models
from django.db.models import F, Q

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.payments.rules import AccountKind, State, Step


class Account(models.Model):
    """A running total: what was moved in, less what was moved out."""

    #: `rules.AccountKey` as text.
    key = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in AccountKind])
    currency = models.CharField(max_length=3)
    member_id = models.UUIDField(null=True)
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(balance_minor__gte=0)
                | Q(kind__in=[AccountKind.GATEWAY.value, AccountKind.DEBT.value]),
                name="payments_account_covers_itself",
            ),
            models.CheckConstraint(
                condition=Q(balance_minor__lte=0) | ~Q(kind=AccountKind.DEBT.value),
                name="payments_account_debt_is_owed",
            ),
        ]
        indexes = [models.Index(fields=["member_id"], name="payments_account_member")]

    def __str__(self) -> str:
        return self.key


class Transfer(models.Model):
    """One thing that happened to money: whole or not at all, and once for its key. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # What makes a repeat a repeat.
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=30)
    # What it is about: a payment, share, refund or payout.
    reference = models.UUIDField(db_index=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.key


class Posting(models.Model):
    """So much from one account to the other. Both halves stand in one row, so that no row can make or lose
    money. Never changed; a trigger refuses accounts of another currency.
    """

    id = models.BigAutoField(primary_key=True)
    transfer = models.ForeignKey("payments.Transfer", on_delete=models.PROTECT, related_name="postings")
    source = models.ForeignKey("payments.Account", on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey("payments.Account", on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_posting_moves_money"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="payments_posting_two_accounts"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}: {self.source_id} → {self.target_id}"


class Payment(models.Model):
    """One wish to charge a buyer, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payer_id = models.UUIDField()
    # What it pays for. Several payments may try; `open_of` is set on the one that may still do it or did.
    reference = models.UUIDField(db_index=True)
    open_of = models.UUIDField(null=True, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(
        max_length=20, choices=[(state.value, state.value) for state in State], default=State.CREATED.value
    )
    gateway = models.CharField(max_length=20)
    # What the gateway calls it; empty until it has been asked.
    gateway_reference = models.CharField(max_length=120, null=True, unique=True)  # noqa: DJ001  (unique)
    # Where the buyer enters the card: a path of ours or an address of the gateway.
    hosted_url = models.TextField(blank=True)
    return_path = models.CharField(max_length=200)
    idempotency_key = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64)
    failure = models.CharField(max_length=60, blank=True)
    refunded_minor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(null=True)
    # When it was last compared with the gateway by the job.
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_payment_of_something"),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0) & Q(refunded_minor__lte=F("amount_minor")),
                name="payments_payment_refund_within",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "checked_at"], name="payments_to_compare"),
            models.Index(fields=["payer_id", "-id"], name="payments_of_payer"),
        ]

    def __str__(self) -> str:
        return f"{self.state} payment {self.id}"


class Share(models.Model):
    """One seller's part of a payment, and where it is now: held, released or refunded."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="shares")
    reference = models.UUIDField(db_index=True)
    seller_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    held_minor = models.BigIntegerField(default=0)
    # Released to the seller and to fees together; `fee_taken_minor` of it to fees.
    released_minor = models.BigIntegerField(default=0)
    fee_taken_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    released_at = models.DateTimeField(null=True)
    # How often money moved between escrow and seller: names the transfers, so that each is done once.
    moves = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "reference"], name="payments_share_once"),
            models.CheckConstraint(
                condition=Q(held_minor__gte=0)
                & Q(refunded_minor__gte=0)
                & Q(fee_minor__gte=0)
                & Q(fee_taken_minor__gte=0)
                & Q(released_minor__gte=F("fee_taken_minor")),
                name="payments_share_not_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=F("held_minor") + F("released_minor") + F("refunded_minor")),
                name="payments_share_within",
            ),
        ]
        indexes = [models.Index(fields=["seller_id", "-id"], name="payments_of_seller")]

    def __str__(self) -> str:
        return f"share {self.reference} of {self.payment_id}"


class Refund(models.Model):
    """Money that goes back to the buyer of one share."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    share = models.ForeignKey("payments.Share", on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    # Where the money came from, and goes back to if the gateway refuses.
    from_held_minor = models.BigIntegerField()
    from_seller_minor = models.BigIntegerField()
    from_fees_minor = models.BigIntegerField()
    # Of the seller's part, what the instance laid out because the seller had no more: a debt from then on.
    from_debt_minor = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=60)
    idempotency_key = models.CharField(max_length=100, unique=True)
    state = models.CharField(
        max_length=10, choices=[(step.value, step.value) for step in Step], default=Step.ASKED.value
    )
    failure = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor=F("from_held_minor") + F("from_seller_minor") + F("from_fees_minor"))
                & Q(amount_minor__gt=0),
                name="payments_refund_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(from_debt_minor__gte=0) & Q(from_debt_minor__lte=F("from_seller_minor")),
                name="payments_refund_debt_within",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} refund {self.id}"


class Payout(models.Model):
    """Money of a seller on its way to their bank."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seller_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    gateway = models.CharField(max_length=20)
    idempotency_key = models.CharField(max_length=100, unique=True)
    state = models.CharField(
        max_length=10, choices=[(step.value, step.value) for step in Step], default=Step.ASKED.value
    )
    failure = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_payout_of_something")
        ]
        indexes = [models.Index(fields=["seller_id", "-id"], name="payments_payouts_of_seller")]

    def __str__(self) -> str:
        return f"{self.state} payout {self.id}"


class PayoutAccount(models.Model):
    """A seller's account at a gateway. Who they are and what their bank is, only the gateway knows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seller_id = models.UUIDField()
    gateway = models.CharField(max_length=20)
    reference = models.CharField(max_length=120)
    # Whether the gateway said that it can send money there, when it was last asked.
    is_ready = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "gateway"], name="payments_one_account"),
            models.UniqueConstraint(fields=["gateway", "reference"], name="payments_account_of_one"),
        ]

    def __str__(self) -> str:
        return f"account {self.id} at {self.gateway}"


class WebhookEvent(models.Model):
    """That a gateway told us something. Kept longer than a signature is valid, so that a replay is known."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gateway = models.CharField(max_length=20)
    event_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=60)
    received_at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="payments_webhook_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class GatewayTask(models.Model):
    """Something to ask a gateway, outside any transaction, until it has answered. Times in milliseconds."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    object_id = models.UUIDField()
    # Grows with every wish, so that one that comes while the gateway is asked is not lost.
    wish = models.BigIntegerField(default=1)
    due_ms = models.BigIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    parked = models.BooleanField(default=False)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="payments_task_once")]
        indexes = [models.Index(fields=["parked", "due_ms"], name="payments_task_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class MoneyAlert(models.Model):
    """Something about money that a person must look at."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    object_id = models.UUIDField()
    # Numbers and codes, no content.
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="payments_alert_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
