import beyou.core.clock
import beyou.core.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=40)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="marketplace.category",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "categories",
            },
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=80)),
                ("description", models.TextField(blank=True)),
                (
                    "condition",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "New"),
                            ("like_new", "Like new"),
                            ("good", "Good"),
                            ("fair", "Well used"),
                            ("for_parts", "For parts or repair"),
                        ],
                        max_length=12,
                    ),
                ),
                ("price_minor", models.PositiveBigIntegerField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("region", models.CharField(blank=True, max_length=60)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("available", "available"),
                            ("sold", "sold"),
                            ("inactive_seller", "inactive_seller"),
                            ("inactive_staff", "inactive_staff"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("is_sent", models.BooleanField(default=False)),
                ("is_collected", models.BooleanField(default=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("unfinished", models.JSONField(default=dict)),
                ("listed_ms", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("changed_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "category",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.category",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "-listed_ms", "-id"], name="market_newest"),
                    models.Index(fields=["state", "price_minor", "id"], name="market_by_price"),
                    models.Index(
                        fields=["category", "state", "-listed_ms", "-id"], name="market_category_newest"
                    ),
                    models.Index(
                        fields=["category", "state", "price_minor", "id"], name="market_category_price"
                    ),
                    models.Index(fields=["seller", "state", "-listed_ms"], name="market_of_seller"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("price_minor__isnull", True),
                            models.Q(("price_minor__gte", 1), ("price_minor__lte", 100000000)),
                            _connector="OR",
                        ),
                        name="market_price_in_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "draft"),
                            models.Q(("category__isnull", False), ("price_minor__isnull", False)),
                            _connector="OR",
                        ),
                        name="market_offers_are_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "available", "sold", "inactive_seller", "inactive_staff"])
                        ),
                        name="market_known_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Favourite",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="marketplace.item"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("member", "item"), name="market_favourite_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryOption",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pickup", "Pick up in person"),
                            ("letter", "Letter"),
                            ("parcel", "Tracked parcel"),
                            ("courier", "Courier"),
                        ],
                        max_length=10,
                    ),
                ),
                ("price_minor", models.PositiveBigIntegerField(default=0)),
                ("days", models.PositiveSmallIntegerField(default=5)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="marketplace.item",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("item", "kind"), name="market_delivery_once"),
                    models.CheckConstraint(
                        condition=models.Q(("days__lte", 60), ("price_minor__lte", 100000000)),
                        name="market_delivery_in_bounds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ItemImage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("media_id", models.UUIDField(unique=True)),
                ("small_id", models.UUIDField(unique=True)),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("alt", models.CharField(blank=True, max_length=200)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="images",
                        to="marketplace.item",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["item", "position"], name="market_images_of_item")],
            },
        ),
        migrations.CreateModel(
            name="SavedSearch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("query", models.CharField(max_length=500)),
                ("digest", models.CharField(max_length=32)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("member", "digest"), name="market_search_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchHit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="marketplace.item"
                    ),
                ),
                (
                    "search",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hits",
                        to="marketplace.savedsearch",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("search", "item"), name="market_told_once")],
            },
        ),
        migrations.CreateModel(
            name="Variant",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=40)),
                ("price_minor", models.PositiveBigIntegerField(null=True)),
                ("stock", models.PositiveIntegerField(default=1)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="variants",
                        to="marketplace.item",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("item", "name"), name="market_variant_once"),
                    models.CheckConstraint(
                        condition=models.Q(("stock__gte", 0), ("stock__lte", 9999)),
                        name="market_stock_in_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("price_minor__isnull", True),
                            models.Q(("price_minor__gte", 1), ("price_minor__lte", 100000000)),
                            _connector="OR",
                        ),
                        name="market_variant_price_in_bounds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("order_id", models.UUIDField()),
                ("quantity", models.PositiveIntegerField()),
                ("until", models.DateTimeField(db_index=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplace.variant",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["variant", "until"], name="market_holds_of_variant")],
                "constraints": [
                    models.UniqueConstraint(fields=("order_id", "variant"), name="market_held_once"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="market_hold_is_something"
                    ),
                ],
            },
        ),
    ]
