"""What the two sides of a trade wrote about each other, and how members stand by it."""

from django.db import models
from django.db.models import Q

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.reviews.rules import Side, Totals

_SIDES = [(side.value, side.value) for side in Side]


class Exchange(models.Model):
    """The ratings of one delivered part of an order: until when they may be given, and since when read."""

    part = models.OneToOneField(
        "orders.SubOrder", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    closes_at = models.DateTimeField()
    reminds_at = models.DateTimeField()
    is_reminded = models.BooleanField(default=False)
    shown_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["shown_at", "closes_at"], name="reviews_to_show"),
            models.Index(fields=["is_reminded", "reminds_at"], name="reviews_to_remind"),
        ]

    def __str__(self) -> str:
        return f"ratings of {self.part_id}"


class Rating(models.Model):
    """What one side wrote about the other. `number` counts the ratings of the subject on that side of
    trades, in the order in which they were shown; nobody but the author reads one without a number.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exchange = models.ForeignKey("reviews.Exchange", on_delete=models.CASCADE, related_name="ratings")
    side = models.CharField(max_length=6, choices=_SIDES)
    author = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+")
    subject = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+")
    stars = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    reply = models.TextField(blank=True)
    number = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(default=now)
    edited_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exchange", "side"], name="reviews_once_per_side"),
            models.UniqueConstraint(fields=["subject", "side", "number"], name="reviews_dense"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="reviews_stars"),
        ]

    def __str__(self) -> str:
        return f"{self.stars} stars by the {self.side}"

    @property
    def is_shown(self) -> bool:
        return self.number is not None


class Tally(models.Model):
    """How a member stands on one side of trades: running totals of exactly the ratings with a number.

    `side` is that of the authors, as in the ratings.
    """

    member = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=6, choices=_SIDES)
    ones = models.PositiveIntegerField(default=0)
    twos = models.PositiveIntegerField(default=0)
    threes = models.PositiveIntegerField(default=0)
    fours = models.PositiveIntegerField(default=0)
    fives = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "side"], name="reviews_one_tally")]

    def __str__(self) -> str:
        return f"{self.totals.count} ratings by the {self.side}"

    @property
    def totals(self) -> Totals:
        return Totals((self.ones, self.twos, self.threes, self.fours, self.fives))


class Unreminded(models.Model):
    """A member who wants no reminders to rate."""

    member = models.OneToOneField("users.User", primary_key=True, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.member_id} wants no reminders"
