"""What is offered: items with their pictures, variants and deliveries, who likes them, and what is held."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.marketplace.rules import (
    ALT_LENGTH,
    CATEGORY_LENGTH,
    CONDITIONS,
    DELIVERIES,
    LONGEST_DELIVERY_DAYS,
    MOST_IN_BUNDLE,
    MOST_PERCENT,
    MOST_PRICE,
    MOST_STOCK,
    OPTION_LENGTH,
    REASON_LENGTH,
    REGION_LENGTH,
    SEARCH_KEY_LENGTH,
    SEARCH_NAME_LENGTH,
    TITLE_LENGTH,
    State,
)


class Category(models.Model):
    """One branch of the tree that items hang on. The migration brings a first tree; staff may change it."""

    id = models.BigAutoField(primary_key=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=CATEGORY_LENGTH)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """What one member offers. A draft may lack everything but its seller and currency.

    Stock stands in the variants; an item without choices has one variant without a name, so that carts,
    holds and orders always point at a variant.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seller = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    description = models.TextField(blank=True)
    condition = models.CharField(
        max_length=12, blank=True, choices=[(each.value, words) for each, words in CONDITIONS.items()]
    )
    category = models.ForeignKey(
        "marketplace.Category", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Of the cheapest variant, in minor units; empty in drafts alone.
    price_minor = models.PositiveBigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    region = models.CharField(max_length=REGION_LENGTH, blank=True)
    # `rules.State` except reserved, which follows from the holds.
    state = models.CharField(
        max_length=16,
        default=State.DRAFT.value,
        choices=[(state.value, state.value) for state in State if state is not State.RESERVED],
    )
    # Why staff took it off; the seller reads it. It stays until staff put the item back, whatever is sold.
    staff_reason = models.CharField(max_length=REASON_LENGTH, blank=True)
    # Whether it can be sent, and whether it can be picked up: the facets ask the item alone.
    is_sent = models.BooleanField(default=False)
    is_collected = models.BooleanField(default=False)
    # Counts changes, so that a page which is older than the last one cannot overwrite it.
    version = models.PositiveIntegerField(default=1)
    # Which open page wrote last: it saves itself again and again and is never older than its own words.
    page = models.CharField(max_length=36, blank=True)
    # What the seller typed into a draft and nothing can read yet: field → text. Nothing typed is lost.
    unfinished = models.JSONField(default=dict)
    # When it was published last, in milliseconds; lists go by it.
    listed_ms = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["state", "-listed_ms", "-id"], name="market_newest"),
            models.Index(fields=["state", "price_minor", "id"], name="market_by_price"),
            models.Index(fields=["category", "state", "-listed_ms", "-id"], name="market_category_newest"),
            models.Index(fields=["category", "state", "price_minor", "id"], name="market_category_price"),
            models.Index(fields=["seller", "state", "-listed_ms"], name="market_of_seller"),
            # Holds all that the question for a region reads.
            models.Index(fields=["state", "region", "id"], name="market_region"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price_minor__isnull=True)
                | models.Q(price_minor__gte=1, price_minor__lte=MOST_PRICE),
                name="market_price_in_bounds",
            ),
            models.CheckConstraint(
                condition=models.Q(state=State.DRAFT.value)
                | models.Q(price_minor__isnull=False, category__isnull=False),
                name="market_offers_are_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in State if state is not State.RESERVED]),
                name="market_known_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title or 'untitled'} ({self.id})"


class ItemLook(models.Model):
    """What the staff think of an item that the automatic help kept back, one row for an item at most."""

    #: How long the list of words may be.
    WORDS = 200

    item = models.OneToOneField(
        "marketplace.Item", primary_key=True, on_delete=models.CASCADE, related_name="look"
    )
    # Since when it waits for the staff; null when it does not.
    waits_since = models.DateTimeField(null=True, db_index=True)
    # Which watched words stand in it; for the staff.
    words = models.CharField(max_length=WORDS, blank=True)
    # Why the staff did not let it through; its seller reads it.
    answer = models.CharField(max_length=REASON_LENGTH, blank=True)
    # The keyed digest of the texts that the staff let through.
    cleared = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"look at {self.pk}"


class Variant(models.Model):
    """One choice of an item, such as a size, with a stock of its own. `price_minor` replaces the item's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey("marketplace.Item", on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(max_length=OPTION_LENGTH, blank=True)
    price_minor = models.PositiveBigIntegerField(null=True)
    #: Units that are not sold. Those that are held are among them.
    stock = models.PositiveIntegerField(default=1)
    #: Counts holds. Each hold writes the row, so that nodes of a cluster without common locks collide on it.
    holds = models.PositiveIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "name"], name="market_variant_once"),
            models.CheckConstraint(
                condition=models.Q(stock__gte=0, stock__lte=MOST_STOCK), name="market_stock_in_bounds"
            ),
            models.CheckConstraint(
                condition=models.Q(price_minor__isnull=True)
                | models.Q(price_minor__gte=1, price_minor__lte=MOST_PRICE),
                name="market_variant_price_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'the one'} of {self.item_id}"


class DeliveryOption(models.Model):
    """One way to the buyer and what it costs, in minor units of the item's currency."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey("marketplace.Item", on_delete=models.CASCADE, related_name="deliveries")
    kind = models.CharField(
        max_length=10, choices=[(each.value, words) for each, words in DELIVERIES.items()]
    )
    price_minor = models.PositiveBigIntegerField(default=0)
    #: Within how many days it arrives once it is sent.
    days = models.PositiveSmallIntegerField(default=5)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "kind"], name="market_delivery_once"),
            models.CheckConstraint(
                condition=models.Q(price_minor__lte=MOST_PRICE, days__lte=LONGEST_DELIVERY_DAYS),
                name="market_delivery_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.item_id}"


class ItemImage(models.Model):
    """One picture of an item, as two files: as large as a page shows it, and small for lists."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey("marketplace.Item", on_delete=models.CASCADE, related_name="images")
    media_id = models.UUIDField(unique=True)
    small_id = models.UUIDField(unique=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    #: What it shows, for those who cannot see it.
    alt = models.CharField(max_length=ALT_LENGTH, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["item", "position"], name="market_images_of_item")]

    def __str__(self) -> str:
        return f"picture {self.position} of {self.item_id}"


class Reservation(models.Model):
    """Units of a variant that an order holds until a moment. Afterwards the row means nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    variant = models.ForeignKey("marketplace.Variant", on_delete=models.CASCADE, related_name="+")
    buyer = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    order_id = models.UUIDField()
    quantity = models.PositiveIntegerField()
    until = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order_id", "variant"], name="market_held_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="market_hold_is_something"),
        ]
        indexes = [models.Index(fields=["variant", "until"], name="market_holds_of_variant")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variant_id} for {self.order_id}"


class Favourite(models.Model):
    """A member keeps an eye on an item."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey("marketplace.Item", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "item"], name="market_favourite_once")]

    def __str__(self) -> str:
        return f"{self.member_id} likes {self.item_id}"


class SavedSearch(models.Model):
    """A search that a member keeps, and may want to be told about."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=SEARCH_NAME_LENGTH)
    #: What is looked for: the fields of `rules.Wanted` that are not empty.
    wanted = models.JSONField(default=dict)
    #: The first piece of the digest of `wanted`, so that one search is saved once.
    digest = models.CharField(max_length=32)
    #: Whether the member is told of what fits and is new.
    alerts = models.BooleanField(default=True)
    #: Hits from then on are new to the member.
    looked_at = models.DateTimeField(default=now)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "digest"], name="market_search_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.member_id}"


class SearchKey(models.Model):
    """Something that each item has which fits a search, so that items find their searches."""

    id = models.BigAutoField(primary_key=True)
    search = models.ForeignKey("marketplace.SavedSearch", on_delete=models.CASCADE, related_name="keys")
    key = models.CharField(max_length=SEARCH_KEY_LENGTH)

    class Meta:
        indexes = [models.Index(fields=["key", "search"], name="market_search_key")]

    def __str__(self) -> str:
        return f"{self.key} of {self.search_id}"


class NewlyListed(models.Model):
    """An item that was listed, or changed since, and is not yet compared with what members look for."""

    id = models.BigAutoField(primary_key=True)
    item = models.ForeignKey("marketplace.Item", on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.item_id} is new"


class SearchHit(models.Model):
    """A member was told of an item. One row for both, for ever, whichever searches it fits."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey("marketplace.Item", on_delete=models.CASCADE, related_name="+")
    #: The search that it was first told for; the row outlives it.
    search = models.ForeignKey(
        "marketplace.SavedSearch", null=True, on_delete=models.SET_NULL, related_name="hits"
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "item"], name="market_told_once")]

    def __str__(self) -> str:
        return f"{self.item_id} for {self.member_id}"


class SellerTerms(models.Model):
    """What a seller offers besides prices (`rules.Terms`); without a row, what all begin with."""

    seller = models.OneToOneField("users.User", primary_key=True, on_delete=models.CASCADE, related_name="+")
    takes_offers = models.BooleanField(default=True)
    least_percent = models.PositiveSmallIntegerField(default=60)
    bundle_from = models.PositiveSmallIntegerField(default=0)
    bundle_percent = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(least_percent__gte=1, least_percent__lte=100)
                & models.Q(bundle_from__lte=MOST_IN_BUNDLE, bundle_percent__lte=MOST_PERCENT),
                name="market_terms_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"terms of {self.seller_id}"
