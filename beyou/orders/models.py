"""Carts, orders and what became of them. Things and prices are copied: an agreement does not change."""

from uuid import UUID

from django.db import models
from django.db.models import F, Q

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.offers.rules import Discount, Kind
from beyou.orders.rules import EVENT_WORDS, PROGRESS_WORDS, AttemptState, OrderState, Progress, State, What


class CartLine(models.Model):
    """So much of one thing that a member thinks of buying, and the price that the member saw last."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # An id and no key: the offer may go, and the cart then says so.
    variant_id = models.UUIDField()
    title = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    seen_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    added_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "variant_id"], name="orders_cart_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_cart_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"


class CartReminder(models.Model):
    """A member wants to be reminded of a cart that is left for a day: once after its last change."""

    member = models.OneToOneField("users.User", primary_key=True, on_delete=models.CASCADE, related_name="+")
    reminded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"reminds {self.member_id}"


class Order(models.Model):
    """One checkout: what one buyer pays at once. `open_of` is the buyer while it is not paid or over."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=14, unique=True)
    buyer = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+")
    open_of = models.OneToOneField("users.User", null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10,
        choices=[(state.value, state.value) for state in OrderState],
        default=OrderState.PENDING,
    )
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField(default=0)
    # Where to send it, encrypted under a key of its own; empty until the buyer has said it.
    address = models.BinaryField(default=bytes)
    held_until = models.DateTimeField(null=True)
    is_extended = models.BooleanField(default=False)
    # The try to pay that counts, by its id.
    attempt_id = models.UUIDField(null=True)
    # Why the last try failed, as the gateway said it.
    failure = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=now)
    paid_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["buyer", "-id"], name="orders_of_buyer"),
            models.Index(fields=["state", "held_until"], name="orders_held"),
        ]
        constraints = [models.CheckConstraint(condition=Q(total_minor__gte=0), name="orders_total")]

    def __str__(self) -> str:
        return self.number


class SubOrder(models.Model):
    """What one seller sends the buyer of an order, and gets the money for."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=14, unique=True)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="parts")
    seller = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in State], default=State.PENDING
    )
    currency = models.CharField(max_length=3)
    goods_minor = models.BigIntegerField()
    # What is taken off the goods, and each piece of it: kind, what it follows from, words, amount.
    discount_minor = models.BigIntegerField(default=0)
    discounts = models.JSONField(default=list)
    delivery_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    # How many days after the delivery its buyer may claim: what held when it was ordered.
    claim_days = models.PositiveSmallIntegerField(null=True)
    # The ways of delivery as they were offered, each a name and a price, and the name of the chosen one.
    ways = models.JSONField(default=list)
    delivery_name = models.CharField(max_length=80, blank=True)
    # How payments know what this seller gets; set when the order is paid.
    share_reference = models.UUIDField(null=True, unique=True)
    carrier = models.CharField(max_length=40, blank=True)
    tracking = models.CharField(max_length=60, blank=True)
    ship_by = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    confirm_by = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="orders_of_seller"),
            models.Index(fields=["state", "confirm_by"], name="orders_to_confirm"),
            models.Index(fields=["state", "ship_by"], name="orders_to_ship"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["order", "seller"], name="orders_part_once"),
            models.CheckConstraint(
                condition=Q(total_minor=F("goods_minor") - F("discount_minor") + F("delivery_minor"))
                & Q(goods_minor__gt=0, delivery_minor__gte=0, fee_minor__gte=0)
                & Q(discount_minor__gte=0, discount_minor__lt=F("goods_minor"))
                & Q(fee_minor__lte=F("total_minor")),
                name="orders_part_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def words(self) -> str:
        return PROGRESS_WORDS[Progress(self.state)]

    @property
    def titles(self) -> str:
        return ", ".join(line.title for line in self.lines.all())

    @property
    def payout_minor(self) -> int:
        """What the seller gets of it."""
        return self.total_minor - self.fee_minor

    @property
    def taken_off(self) -> list[Discount]:
        """What is taken off the goods, and why."""
        return [
            Discount(Kind(kind), UUID(reference) if reference else None, words, amount)
            for kind, reference, words, amount in self.discounts
        ]

    def references(self, kind: Kind) -> list[UUID]:
        """The offers, or the vouchers, that it was bought with."""
        return [each.reference for each in self.taken_off if each.kind is kind and each.reference]


class OrderLine(models.Model):
    """A snapshot of what was bought, as it was offered at that moment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    part = models.ForeignKey("orders.SubOrder", on_delete=models.CASCADE, related_name="lines")
    item_id = models.UUIDField()
    variant_id = models.UUIDField()
    title = models.CharField(max_length=200)
    variant_name = models.CharField(max_length=80, blank=True)
    condition = models.CharField(max_length=40, blank=True)
    description = models.TextField(blank=True)
    # Which version of the offer it was.
    version = models.PositiveIntegerField(default=1)
    unit_minor = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "variant_id"], name="orders_line_once"),
            models.CheckConstraint(
                condition=Q(total_minor=F("unit_minor") * F("quantity"), unit_minor__gt=0, quantity__gt=0),
                name="orders_line_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"


class PaymentAttempt(models.Model):
    """One try to pay an order. Its id is the reference and the idempotency key at payments."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="attempts")
    # Empty until payments have answered, which a crash may prevent.
    payment_id = models.UUIDField(null=True)
    state = models.CharField(
        max_length=10,
        choices=[(state.value, state.value) for state in AttemptState],
        default=AttemptState.STARTED,
    )
    amount_minor = models.BigIntegerField()
    # What each seller would get: reference, seller, amount, fee. Later changes of the order do not touch it.
    shares = models.JSONField(default=list)
    # Where the buyer pays.
    address = models.CharField(max_length=2000, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.state} {self.pk}"


class OrderEvent(models.Model):
    """Something that happened to an order, or to one part of it. Rows are added, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="events")
    part = models.ForeignKey("orders.SubOrder", null=True, on_delete=models.CASCADE, related_name="events")
    what = models.CharField(max_length=20)
    actor = models.CharField(max_length=10)
    # Who it was; empty for the clock and the gateway.
    actor_id = models.UUIDField(null=True)
    detail = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["order", "id"], name="orders_timeline")]

    def __str__(self) -> str:
        return f"{self.what} by {self.actor}"

    @property
    def words(self) -> str:
        return EVENT_WORDS[What(self.what)]

    @property
    def shown_detail(self) -> str:
        """What people may read of the detail; codes of gateways and amounts are for other places."""
        return self.detail if What(self.what) in (What.SHIPPED, What.CORRECTED, What.CALLED_OFF) else ""


class Waiting(models.Model):
    """A member who lost a race wants to know, once, when the thing is free again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    variant_id = models.UUIDField()
    item_id = models.UUIDField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "variant_id"], name="orders_wait_once")]
        indexes = [models.Index(fields=["variant_id"], name="orders_waiting_for")]

    def __str__(self) -> str:
        return f"waits for {self.variant_id}"
