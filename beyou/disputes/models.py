"""Claims of buyers, what both sides said and showed, and who of the staff holds or decided them."""

from django.db import models
from django.db.models import F, Q

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.disputes.rules import ENTRY_WORDS, OPEN, REASONS, WORDS, Reason, Side, State, Step


class Claim(models.Model):
    """A buyer says that a part of an order is not as it should be. `open_of` is the part while it is open."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    part = models.ForeignKey("orders.SubOrder", on_delete=models.PROTECT, related_name="+")
    open_of = models.OneToOneField("orders.SubOrder", null=True, on_delete=models.PROTECT, related_name="+")
    buyer = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+")
    seller = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Reason])
    state = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in State], default=State.OPEN
    )
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    # What the seller offers, and what the buyer got in the end.
    offer_minor = models.BigIntegerField(null=True)
    refund_minor = models.BigIntegerField(null=True)
    # Until when the seller answers, or the buyer, after an offer.
    answer_by = models.DateTimeField()
    created_at = models.DateTimeField(default=now)
    review_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # Who of the staff looks at it, and until when nobody else does.
    held_by_id = models.UUIDField(null=True)
    held_until = models.DateTimeField(null=True)
    # The first of two who must agree, and what they would decide.
    proposed_by_id = models.UUIDField(null=True)
    proposed_minor = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["buyer", "-id"], name="disputes_of_buyer"),
            models.Index(fields=["seller", "-id"], name="disputes_of_seller"),
            models.Index(fields=["state", "answer_by"], name="disputes_due"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(offer_minor=None) | Q(offer_minor__gt=0, offer_minor__lt=F("total_minor")),
                name="disputes_offer_is_a_part",
            ),
            models.CheckConstraint(
                condition=Q(refund_minor=None) | Q(refund_minor__gte=0, refund_minor__lte=F("total_minor")),
                name="disputes_refund_within",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} claim {self.pk}"

    @property
    def words(self) -> str:
        return WORDS[State(self.state)]

    @property
    def reason_words(self) -> str:
        return REASONS[Reason(self.reason)]

    @property
    def is_open(self) -> bool:
        return State(self.state) in OPEN


class Entry(models.Model):
    """One step of a claim, with the words that came with it. Rows are added, never changed; the words of an
    erased member go.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey("disputes.Claim", on_delete=models.CASCADE, related_name="entries")
    step = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Step])
    side = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Side])
    # Who it was; empty for the clock. Members read of the staff only that it was them.
    author_id = models.UUIDField(null=True)
    # Sealed under a key of its own.
    text = models.BinaryField(default=bytes)
    amount_minor = models.BigIntegerField(null=True)
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["claim", "id"], name="disputes_history")]

    def __str__(self) -> str:
        return f"{self.step} by {self.side}"

    @property
    def words(self) -> str:
        return ENTRY_WORDS[Step(self.step)]


class Evidence(models.Model):
    """A picture, or a message of the two that one of them chose to show."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey("disputes.Claim", on_delete=models.CASCADE, related_name="evidence")
    entry = models.ForeignKey("disputes.Entry", on_delete=models.CASCADE, related_name="evidence")
    owner = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # A picture in the private store.
    media_id = models.UUIDField(null=True)
    # A message: who wrote it and when, its words sealed, and whether it was end-to-end encrypted.
    message_id = models.UUIDField(null=True)
    sender = models.ForeignKey("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    sent_at = models.DateTimeField(null=True)
    text = models.BinaryField(default=bytes)
    was_sealed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "message_id"], name="disputes_message_once"),
            models.CheckConstraint(
                condition=Q(media_id__isnull=True, message_id__isnull=False, sender__isnull=False)
                | Q(media_id__isnull=False, message_id__isnull=True, sender__isnull=True),
                name="disputes_picture_or_message",
            ),
        ]

    def __str__(self) -> str:
        return f"evidence {self.pk}"
