import beyou.core.clock
import beyou.core.ids
import beyou.orders.rules
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.CharField(max_length=14, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("paying", "paying"),
                            ("paid", "paid"),
                            ("cancelled", "cancelled"),
                        ],
                        default=beyou.orders.rules.OrderState["PENDING"],
                        max_length=10,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("total_minor", models.BigIntegerField(default=0)),
                ("address", models.BinaryField(default=bytes)),
                ("held_until", models.DateTimeField(null=True)),
                ("is_extended", models.BooleanField(default=False)),
                ("attempt_id", models.UUIDField(null=True)),
                ("failure", models.CharField(blank=True, max_length=40)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("paid_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "open_of",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["buyer", "-id"], name="orders_of_buyer"),
                    models.Index(fields=["state", "held_until"], name="orders_held"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("total_minor__gte", 0)), name="orders_total")
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("payment_id", models.UUIDField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("started", "started"),
                            ("settled", "settled"),
                            ("failed", "failed"),
                            ("dropped", "dropped"),
                            ("returned", "returned"),
                        ],
                        default=beyou.orders.rules.AttemptState["STARTED"],
                        max_length=10,
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("shares", models.JSONField(default=list)),
                ("address", models.CharField(blank=True, max_length=2000)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="orders.order",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SubOrder",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.CharField(max_length=14, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("paid", "paid"),
                            ("shipped", "shipped"),
                            ("delivered", "delivered"),
                            ("disputed", "disputed"),
                            ("refunded", "refunded"),
                            ("cancelled", "cancelled"),
                        ],
                        default=beyou.orders.rules.State["PENDING"],
                        max_length=10,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("goods_minor", models.BigIntegerField()),
                ("delivery_minor", models.BigIntegerField(default=0)),
                ("total_minor", models.BigIntegerField()),
                ("fee_minor", models.BigIntegerField(default=0)),
                ("ways", models.JSONField(default=list)),
                ("delivery_name", models.CharField(blank=True, max_length=80)),
                ("share_reference", models.UUIDField(null=True, unique=True)),
                ("carrier", models.CharField(blank=True, max_length=40)),
                ("tracking", models.CharField(blank=True, max_length=60)),
                ("ship_by", models.DateTimeField(null=True)),
                ("shipped_at", models.DateTimeField(null=True)),
                ("confirm_by", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="orders.order"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["seller", "-id"], name="orders_of_seller"),
                    models.Index(fields=["state", "confirm_by"], name="orders_to_confirm"),
                    models.Index(fields=["state", "ship_by"], name="orders_to_ship"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "seller"), name="orders_part_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_minor",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("goods_minor"), "+", models.F("delivery_minor")
                                ),
                            ),
                            ("delivery_minor__gte", 0),
                            ("fee_minor__gte", 0),
                            ("goods_minor__gt", 0),
                            ("fee_minor__lte", models.F("total_minor")),
                        ),
                        name="orders_part_adds_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("item_id", models.UUIDField()),
                ("variant_id", models.UUIDField()),
                ("title", models.CharField(max_length=200)),
                ("variant_name", models.CharField(blank=True, max_length=80)),
                ("condition", models.CharField(blank=True, max_length=40)),
                ("description", models.TextField(blank=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("unit_minor", models.BigIntegerField()),
                ("quantity", models.PositiveIntegerField()),
                ("total_minor", models.BigIntegerField()),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.suborder",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("part", "variant_id"), name="orders_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quantity__gt", 0),
                            (
                                "total_minor",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("unit_minor"), "*", models.F("quantity")
                                ),
                            ),
                            ("unit_minor__gt", 0),
                        ),
                        name="orders_line_adds_up",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("what", models.CharField(max_length=20)),
                ("actor", models.CharField(max_length=10)),
                ("actor_id", models.UUIDField(null=True)),
                ("detail", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="orders.order"
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="orders.suborder",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["order", "id"], name="orders_timeline")],
            },
        ),
        migrations.CreateModel(
            name="Waiting",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("variant_id", models.UUIDField()),
                ("item_id", models.UUIDField()),
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
                "indexes": [models.Index(fields=["variant_id"], name="orders_waiting_for")],
                "constraints": [
                    models.UniqueConstraint(fields=("member", "variant_id"), name="orders_wait_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CartLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("variant_id", models.UUIDField()),
                ("title", models.CharField(max_length=200)),
                ("quantity", models.PositiveIntegerField()),
                ("seen_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("added_at", models.DateTimeField(default=beyou.core.clock.now)),
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
                    models.UniqueConstraint(fields=("member", "variant_id"), name="orders_cart_once"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)), name="orders_cart_quantity"
                    ),
                ],
            },
        ),
    ]
