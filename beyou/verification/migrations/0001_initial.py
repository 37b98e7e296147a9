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
            name="VerificationRequest",
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
                            ("pending", "pending"),
                            ("claimed", "claimed"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("returned", "returned"),
                            ("withdrawn", "withdrawn"),
                            ("revoked", "revoked"),
                        ],
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("reason", models.BinaryField()),
                ("asked_for", models.CharField(blank=True, max_length=40)),
                ("claimed_by_id", models.UUIDField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("first_reviewer_id", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("submitted_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("decided_at", models.DateTimeField(null=True)),
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
                    models.Index(fields=["state", "submitted_at"], name="verification_queue"),
                    models.Index(fields=["member", "-id"], name="verification_of_member"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("media_id", models.UUIDField(null=True, unique=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("deleted_at", models.DateTimeField(null=True)),
                ("deleted_because", models.CharField(blank=True, max_length=20)),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="verification.verificationrequest",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["request", "-id"], name="verification_of_request")],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reviewer_id", models.UUIDField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("seconded", "seconded"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("returned", "returned"),
                            ("revoked", "revoked"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unreadable", "unreadable"),
                            ("cut_off", "cut_off"),
                            ("covered", "covered"),
                            ("expired", "expired"),
                            ("other_name", "other_name"),
                            ("no_document", "no_document"),
                            ("unclear_reason", "unclear_reason"),
                            ("other", "other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("waited_ms", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="verification.verificationrequest",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["request", "-id"], name="verification_decisions"),
                    models.Index(fields=["verdict", "-id"], name="verification_verdicts"),
                ],
            },
        ),
    ]
