"""Offers and what was said in them, vouchers and who used them."""

from django.db import models
from django.db.models import F, Q

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.marketplace.rules import MOST_PERCENT, MOST_PRICE
from beyou.offers.rules import MOST_USES, Reduction, Side, State, What, shown


class Offer(models.Model):
    """One buyer names one price for things of one seller. `turn` is who has to answer.

    `until` is when it ends by the clock: the time to answer, or, once it is accepted, the time to buy. While
    it is live `live_key` says who asks for what, so that nobody asks for the same twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    buyer = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    seller = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in State], default=State.OPEN
    )
    turn = models.CharField(
        max_length=6, choices=[(each.value, each.value) for each in Side], default=Side.SELLER
    )
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    #: How many prices were named.
    prices = models.PositiveSmallIntegerField(default=1)
    until = models.DateTimeField()
    agreed_at = models.DateTimeField(null=True)
    live_key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001  ("" is not unique)
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["buyer", "-id"], name="offers_of_buyer"),
            models.Index(fields=["seller", "-id"], name="offers_to_seller"),
            models.Index(fields=["state", "until"], name="offers_due"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(price_minor__gte=1, price_minor__lte=MOST_PRICE * 100), name="offers_price"
            ),
            models.CheckConstraint(condition=~Q(buyer=F("seller")), name="offers_two_sides"),
        ]

    def __str__(self) -> str:
        return f"{self.state} offer {self.pk}"

    @property
    def standing(self) -> State:
        """How it stands now."""
        return shown(State(self.state), self.until, now())


class OfferThing(models.Model):
    """One thing of an offer, as it was called and what it cost when the offer was made or accepted."""

    id = models.BigAutoField(primary_key=True)
    offer = models.ForeignKey("offers.Offer", on_delete=models.CASCADE, related_name="things")
    # Ids and no keys: the item may go, and the offer then says so.
    variant_id = models.UUIDField()
    item_id = models.UUIDField()
    title = models.CharField(max_length=200)
    variant_name = models.CharField(max_length=80, blank=True)
    list_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["offer", "variant_id"], name="offers_thing_once")]

    def __str__(self) -> str:
        return self.title


class OfferMove(models.Model):
    """Something that happened to an offer. Rows are added, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offer = models.ForeignKey("offers.Offer", on_delete=models.CASCADE, related_name="moves")
    what = models.CharField(max_length=10, choices=[(each.value, each.value) for each in What])
    # Empty for the clock and for what ends both.
    side = models.CharField(max_length=6, blank=True)
    price_minor = models.BigIntegerField()
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["offer", "id"], name="offers_history")]

    def __str__(self) -> str:
        return f"{self.what} by {self.side or 'the clock'}"


class Voucher(models.Model):
    """A code with which a seller's things cost less. It is found by a digest; the code itself is sealed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seller = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    code = models.BinaryField()
    #: Its last letters, by which orders name it.
    hint = models.CharField(max_length=4)
    amount_minor = models.BigIntegerField(default=0)
    percent = models.PositiveSmallIntegerField(default=0)
    minimum_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    begins_at = models.DateTimeField(default=now)
    ends_at = models.DateTimeField(null=True)
    uses = models.PositiveIntegerField(default=1)
    used = models.PositiveIntegerField(default=0)
    is_ended = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["seller", "-id"], name="offers_vouchers")]
        constraints = [
            models.CheckConstraint(
                condition=Q(used__lte=F("uses"), uses__gte=1, uses__lte=MOST_USES), name="offers_voucher_uses"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor=0, percent__gte=1, percent__lte=MOST_PERCENT)
                | Q(amount_minor__gte=1, amount_minor__lte=MOST_PRICE, percent=0),
                name="offers_voucher_takes_off",
            ),
        ]

    def __str__(self) -> str:
        return f"voucher …{self.hint}"

    @property
    def reduction(self) -> Reduction:
        return Reduction(self.amount_minor, self.percent, self.minimum_minor)

    @property
    def words(self) -> str:
        return f"Voucher …{self.hint}, {self.reduction.words(self.currency)}"


class VoucherUse(models.Model):
    """A member's order keeps one use of a voucher. Each member uses a voucher once."""

    id = models.BigAutoField(primary_key=True)
    voucher = models.ForeignKey("offers.Voucher", on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    order_id = models.UUIDField(db_index=True)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["voucher", "member"], name="offers_used_once")]

    def __str__(self) -> str:
        return f"{self.voucher_id} for {self.order_id}"


class EnteredVoucher(models.Model):
    """A member entered the code and wants to use it with the next order. It keeps no use."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    voucher = models.ForeignKey("offers.Voucher", on_delete=models.CASCADE, related_name="+")
    # One for each seller: another code of the same seller takes its place.
    seller = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "seller"], name="offers_entered_once")]

    def __str__(self) -> str:
        return f"{self.voucher_id} of {self.member_id}"
