import beyou.core.clock
import beyou.core.ids
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Transfer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=120, unique=True)),
                ("kind", models.CharField(max_length=30)),
                ("reference", models.UUIDField(db_index=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("key", models.CharField(max_length=80, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("gateway", "gateway"),
                            ("buyer", "buyer"),
                            ("escrow", "escrow"),
                            ("seller", "seller"),
                            ("fees", "fees"),
                            ("refunds", "refunds"),
                            ("payouts", "payouts"),
                        ],
                        max_length=20,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("member_id", models.UUIDField(null=True)),
                ("balance_minor", models.BigIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["member_id"], name="payments_account_member")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("balance_minor__gte", 0), ("kind", "gateway"), _connector="OR"),
                        name="payments_account_covers_itself",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GatewayTask",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("object_id", models.UUIDField()),
                ("wish", models.BigIntegerField(default=1)),
                ("due_ms", models.BigIntegerField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("parked", models.BooleanField(default=False)),
                ("last_error", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["parked", "due_ms"], name="payments_task_due")],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "object_id"), name="payments_task_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="MoneyAlert",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("object_id", models.UUIDField()),
                ("detail", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("resolved_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "object_id"), name="payments_alert_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("payer_id", models.UUIDField()),
                ("reference", models.UUIDField(db_index=True)),
                ("open_of", models.UUIDField(null=True, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "created"),
                            ("requires_action", "requires_action"),
                            ("processing", "processing"),
                            ("cancelling", "cancelling"),
                            ("settled", "settled"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="created",
                        max_length=20,
                    ),
                ),
                ("gateway", models.CharField(max_length=20)),
                ("gateway_reference", models.CharField(max_length=120, null=True, unique=True)),
                ("hosted_url", models.TextField(blank=True)),
                ("return_path", models.CharField(max_length=200)),
                ("idempotency_key", models.CharField(max_length=100, unique=True)),
                ("digest", models.CharField(max_length=64)),
                ("failure", models.CharField(blank=True, max_length=60)),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("settled_at", models.DateTimeField(null=True)),
                ("checked_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "checked_at"], name="payments_to_compare"),
                    models.Index(fields=["payer_id", "-id"], name="payments_of_payer"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="payments_payment_of_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refunded_minor__gte", 0), ("refunded_minor__lte", models.F("amount_minor"))
                        ),
                        name="payments_payment_refund_within",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payout",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("seller_id", models.UUIDField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("gateway", models.CharField(max_length=20)),
                ("idempotency_key", models.CharField(max_length=100, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "asked"), ("done", "done"), ("failed", "failed")],
                        default="asked",
                        max_length=10,
                    ),
                ),
                ("failure", models.CharField(blank=True, max_length=60)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["seller_id", "-id"], name="payments_payouts_of_seller")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="payments_payout_of_something"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Share",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reference", models.UUIDField(db_index=True)),
                ("seller_id", models.UUIDField()),
                ("amount_minor", models.BigIntegerField()),
                ("fee_minor", models.BigIntegerField()),
                ("held_minor", models.BigIntegerField(default=0)),
                ("released_minor", models.BigIntegerField(default=0)),
                ("fee_taken_minor", models.BigIntegerField(default=0)),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shares",
                        to="payments.payment",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["seller_id", "-id"], name="payments_of_seller")],
                "constraints": [
                    models.UniqueConstraint(fields=("payment", "reference"), name="payments_share_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("held_minor__gte", 0),
                            ("refunded_minor__gte", 0),
                            ("fee_minor__gte", 0),
                            ("fee_taken_minor__gte", 0),
                            ("released_minor__gte", models.F("fee_taken_minor")),
                        ),
                        name="payments_share_not_below_zero",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount_minor__gte",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("held_minor"), "+", models.F("released_minor")
                                    ),
                                    "+",
                                    models.F("refunded_minor"),
                                ),
                            )
                        ),
                        name="payments_share_within",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                ("from_held_minor", models.BigIntegerField()),
                ("from_seller_minor", models.BigIntegerField()),
                ("from_fees_minor", models.BigIntegerField()),
                ("reason", models.CharField(max_length=60)),
                ("idempotency_key", models.CharField(max_length=100, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "asked"), ("done", "done"), ("failed", "failed")],
                        default="asked",
                        max_length=10,
                    ),
                ),
                ("failure", models.CharField(blank=True, max_length=60)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "share",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="payments.share",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount_minor",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("from_held_minor"), "+", models.F("from_seller_minor")
                                    ),
                                    "+",
                                    models.F("from_fees_minor"),
                                ),
                            ),
                            ("amount_minor__gt", 0),
                        ),
                        name="payments_refund_adds_up",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.account"
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.account"
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="payments.transfer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="payments_posting_moves_money"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source", models.F("target")), _negated=True),
                        name="payments_posting_two_accounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("gateway", models.CharField(max_length=20)),
                ("event_id", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=60)),
                ("received_at", models.DateTimeField(db_index=True, default=beyou.core.clock.now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("gateway", "event_id"), name="payments_webhook_once")
                ],
            },
        ),
    ]
