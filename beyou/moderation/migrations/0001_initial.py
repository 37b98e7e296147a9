import beyou.core.clock
import beyou.core.ids
import beyou.moderation.rules
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
            name="Sanction",
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
                        choices=[("warning", "warning"), ("suspension", "suspension")], max_length=12
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "proposed"),
                            ("active", "active"),
                            ("served", "served"),
                            ("lifted", "lifted"),
                            ("refused", "refused"),
                        ],
                        max_length=10,
                    ),
                ),
                ("days", models.PositiveSmallIntegerField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("decided_by_id", models.UUIDField(null=True)),
                ("seconded_by_id", models.UUIDField(null=True)),
                ("lifted_by_id", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("began_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "open_of",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["member", "-id"], name="moderation_of_member"),
                    models.Index(fields=["state", "until"], name="moderation_due"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "sanction",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="appeal",
                        serialize=False,
                        to="moderation.sanction",
                    ),
                ),
                ("words", models.BinaryField(default=bytes)),
                ("answer", models.BinaryField(default=bytes)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("upheld", "upheld"), ("granted", "granted")],
                        default=beyou.moderation.rules.AppealState["OPEN"],
                        max_length=10,
                    ),
                ),
                ("decided_by_id", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["state", "created_at"], name="moderation_appeals")],
            },
        ),
    ]
