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
            name="UserKeySet",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("generation", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("retired_at", models.DateTimeField(null=True)),
                ("recovery_tested_at", models.DateTimeField(null=True)),
                ("recovery_remind_at", models.DateTimeField(null=True)),
                (
                    "active_of",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                    models.UniqueConstraint(fields=("member", "generation"), name="keys_set_generation")
                ],
            },
        ),
        migrations.CreateModel(
            name="UserKey",
            fields=[
                ("key_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "purpose",
                    models.CharField(choices=[("encrypt", "Encrypt"), ("sign", "Sign")], max_length=10),
                ),
                ("spki", models.BinaryField()),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "key_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="keys", to="keys.userkeyset"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("key_set", "purpose"), name="keys_key_purpose")
                ],
            },
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("label", models.CharField(max_length=60)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "key_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="devices",
                        to="keys.userkeyset",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["member", "created_at"], name="keys_device_member")],
            },
        ),
        migrations.CreateModel(
            name="KeyChallenge",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key_set", models.UUIDField()),
                ("device", models.UUIDField()),
                ("generation", models.PositiveIntegerField()),
                ("encrypt_spki", models.BinaryField()),
                ("sign_spki", models.BinaryField()),
                ("expires_at", models.DateTimeField()),
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
                "indexes": [models.Index(fields=["member", "expires_at"], name="keys_challenge_member")],
            },
        ),
    ]
