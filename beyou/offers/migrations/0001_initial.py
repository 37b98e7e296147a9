import beyou.core.clock
import beyou.core.ids
import beyou.offers.rules
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
            name="Offer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("accepted", "accepted"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                            ("lapsed", "lapsed"),
                            ("ended", "ended"),
                            ("bought", "bought"),
                        ],
                        default=beyou.offers.rules.State["OPEN"],
                        max_length=10,
                    ),
                ),
                (
                    "turn",
                    models.CharField(
                        choices=[("buyer", "buyer"), ("seller", "seller")],
                        default=beyou.offers.rules.Side["SELLER"],
                        max_length=6,
                    ),
                ),
                ("price_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("prices", models.PositiveSmallIntegerField(default=1)),
                ("until", models.DateTimeField()),
                ("agreed_at", models.DateTimeField(null=True)),
                ("live_key", models.CharField(max_length=64, null=True, unique=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("changed_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["buyer", "-id"], name="offers_of_buyer"),
                    models.Index(fields=["seller", "-id"], name="offers_to_seller"),
                    models.Index(fields=["state", "until"], name="offers_due"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("price_minor__gte", 1), ("price_minor__lte", 10000000000)),
                        name="offers_price",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("buyer", models.F("seller")), _negated=True),
                        name="offers_two_sides",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OfferMove",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("offered", "offered"),
                            ("countered", "countered"),
                            ("accepted", "accepted"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                            ("lapsed", "lapsed"),
                            ("ended", "ended"),
                            ("bought", "bought"),
                        ],
                        max_length=10,
                    ),
                ),
                ("side", models.CharField(blank=True, max_length=6)),
                ("price_minor", models.BigIntegerField()),
                ("at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="moves", to="offers.offer"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["offer", "id"], name="offers_history")],
            },
        ),
        migrations.CreateModel(
            name="OfferThing",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("variant_id", models.UUIDField()),
                ("item_id", models.UUIDField()),
                ("title", models.CharField(max_length=200)),
                ("variant_name", models.CharField(blank=True, max_length=80)),
                ("list_minor", models.BigIntegerField()),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="things", to="offers.offer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("offer", "variant_id"), name="offers_thing_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Voucher",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("code", models.BinaryField()),
                ("hint", models.CharField(max_length=4)),
                ("amount_minor", models.BigIntegerField(default=0)),
                ("percent", models.PositiveSmallIntegerField(default=0)),
                ("minimum_minor", models.BigIntegerField(default=0)),
                ("currency", models.CharField(max_length=3)),
                ("begins_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("ends_at", models.DateTimeField(null=True)),
                ("uses", models.PositiveIntegerField(default=1)),
                ("used", models.PositiveIntegerField(default=0)),
                ("is_ended", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["seller", "-id"], name="offers_vouchers")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("used__lte", models.F("uses")), ("uses__gte", 1), ("uses__lte", 9999)
                        ),
                        name="offers_voucher_uses",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount_minor", 0), ("percent__gte", 1), ("percent__lte", 90)),
                            models.Q(
                                ("amount_minor__gte", 1), ("amount_minor__lte", 100000000), ("percent", 0)
                            ),
                            _connector="OR",
                        ),
                        name="offers_voucher_takes_off",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EnteredVoucher",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="offers.voucher"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("member", "seller"), name="offers_entered_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="VoucherUse",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("order_id", models.UUIDField(db_index=True)),
                ("at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="offers.voucher"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("voucher", "member"), name="offers_used_once")
                ],
            },
        ),
    ]
