import beyou.core.clock
import beyou.core.ids
import beyou.disputes.rules
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("orders", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("not_arrived", "not_arrived"),
                            ("not_as_described", "not_as_described"),
                            ("damaged", "damaged"),
                            ("wrong_thing", "wrong_thing"),
                            ("incomplete", "incomplete"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("offered", "offered"),
                            ("review", "review"),
                            ("accepted", "accepted"),
                            ("agreed", "agreed"),
                            ("decided", "decided"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default=beyou.disputes.rules.State["OPEN"],
                        max_length=10,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("total_minor", models.BigIntegerField()),
                ("offer_minor", models.BigIntegerField(null=True)),
                ("refund_minor", models.BigIntegerField(null=True)),
                ("answer_by", models.DateTimeField()),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("review_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("held_by_id", models.UUIDField(null=True)),
                ("held_until", models.DateTimeField(null=True)),
                ("proposed_by_id", models.UUIDField(null=True)),
                ("proposed_minor", models.BigIntegerField(null=True)),
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
                        to="orders.suborder",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.suborder"
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
                    models.Index(fields=["buyer", "-id"], name="disputes_of_buyer"),
                    models.Index(fields=["seller", "-id"], name="disputes_of_seller"),
                    models.Index(fields=["state", "answer_by"], name="disputes_due"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("offer_minor", None),
                            models.Q(("offer_minor__gt", 0), ("offer_minor__lt", models.F("total_minor"))),
                            _connector="OR",
                        ),
                        name="disputes_offer_is_a_part",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refund_minor", None),
                            models.Q(
                                ("refund_minor__gte", 0), ("refund_minor__lte", models.F("total_minor"))
                            ),
                            _connector="OR",
                        ),
                        name="disputes_refund_within",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("claim", "claim"),
                            ("say", "say"),
                            ("accept", "accept"),
                            ("offer", "offer"),
                            ("contest", "contest"),
                            ("agree", "agree"),
                            ("decline", "decline"),
                            ("withdraw", "withdraw"),
                            ("escalate", "escalate"),
                            ("propose", "propose"),
                            ("decide", "decide"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[
                            ("buyer", "buyer"),
                            ("seller", "seller"),
                            ("staff", "staff"),
                            ("clock", "clock"),
                        ],
                        max_length=10,
                    ),
                ),
                ("author_id", models.UUIDField(null=True)),
                ("text", models.BinaryField(default=bytes)),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="disputes.claim",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["claim", "id"], name="disputes_history")],
            },
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("media_id", models.UUIDField(null=True)),
                ("message_id", models.UUIDField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("text", models.BinaryField(default=bytes)),
                ("was_sealed", models.BooleanField(default=False)),
                (
                    "claim",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence",
                        to="disputes.claim",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evidence",
                        to="disputes.entry",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("claim", "message_id"), name="disputes_message_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("media_id__isnull", True),
                                ("message_id__isnull", False),
                                ("sender__isnull", False),
                            ),
                            models.Q(
                                ("media_id__isnull", False),
                                ("message_id__isnull", True),
                                ("sender__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="disputes_picture_or_message",
                    ),
                ],
            },
        ),
    ]
