import beyou.core.clock
import beyou.core.ids
import beyou.reports.rules
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("moderation", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "target",
                    models.CharField(
                        choices=[
                            ("member", "Member"),
                            ("messages", "Messages"),
                            ("item", "Item"),
                            ("order", "Order"),
                        ],
                        max_length=10,
                    ),
                ),
                ("target_id", models.UUIDField()),
                ("open_of", models.CharField(max_length=60, null=True, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("investigating", "investigating"),
                            ("resolved", "resolved"),
                            ("dismissed", "dismissed"),
                        ],
                        default=beyou.reports.rules.State["PENDING"],
                        max_length=14,
                    ),
                ),
                ("report_count", models.PositiveIntegerField(default=0)),
                ("held_by_id", models.UUIDField(null=True)),
                ("held_until", models.DateTimeField(null=True)),
                ("outcome", models.CharField(default="", max_length=10)),
                ("answer", models.BinaryField(default=bytes)),
                ("decided_by_id", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "about",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sanction",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="moderation.sanction",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "id"], name="reports_queue"),
                    models.Index(fields=["about", "id"], name="reports_about"),
                    models.Index(fields=["decided_at"], name="reports_decided"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Report",
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
                            ("harassment", "harassment"),
                            ("spam", "spam"),
                            ("scam", "scam"),
                            ("illegal", "illegal"),
                            ("false_identity", "false_identity"),
                            ("other", "other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("words", models.BinaryField(default=bytes)),
                ("snapshot", models.BinaryField(default=bytes)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="reports.case"
                    ),
                ),
                (
                    "reporter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["reporter", "-id"], name="reports_of_member")],
                "constraints": [models.UniqueConstraint(fields=("case", "reporter"), name="reports_once")],
            },
        ),
        migrations.CreateModel(
            name="Shown",
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
                ("is_verified", models.BooleanField(default=False)),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shown", to="reports.report"
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
                    models.UniqueConstraint(fields=("report", "message_id"), name="reports_message_once"),
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
                        name="reports_picture_or_message",
                    ),
                ],
            },
        ),
    ]
