import beyou.core.clock
import beyou.core.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0002_staffgrant"),
    ]

    operations = [
        migrations.CreateModel(
            name="Phone",
            fields=[
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("sealed", models.BinaryField()),
                ("changed_at", models.DateTimeField(default=beyou.core.clock.now)),
            ],
        ),
        migrations.AddField(
            model_name="user",
            name="asked_by",
            field=models.CharField(
                choices=[
                    ("everybody", "everybody"),
                    ("friends_of_friends", "friends_of_friends"),
                    ("nobody", "nobody"),
                ],
                default="everybody",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="bio",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="user",
            name="email_for",
            field=models.CharField(
                choices=[("nobody", "nobody"), ("friends", "friends")], default="nobody", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="found_by",
            field=models.CharField(
                choices=[
                    ("everybody", "everybody"),
                    ("friends_of_friends", "friends_of_friends"),
                    ("nobody", "nobody"),
                ],
                default="everybody",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="handle_changed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="phone_for",
            field=models.CharField(
                choices=[("nobody", "nobody"), ("friends", "friends")], default="nobody", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="picture_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="read_receipts",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="user",
            name="verified_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="written_by",
            field=models.CharField(
                choices=[("friends", "friends"), ("nobody", "nobody")], default="friends", max_length=20
            ),
        ),
        migrations.CreateModel(
            name="HeldHandle",
            fields=[
                ("handle", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("until", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EmailChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("old_email", models.EmailField(max_length=254)),
                ("new_email", models.EmailField(max_length=254)),
                ("code_mac", models.CharField(max_length=64)),
                ("token_mac", models.CharField(max_length=64, unique=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("new_agreed_at", models.DateTimeField(null=True)),
                ("old_agreed_at", models.DateTimeField(null=True)),
                ("lost_after", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("done", "done"),
                            ("cancelled", "cancelled"),
                            ("expired", "expired"),
                            ("too_many_tries", "too_many_tries"),
                            ("taken", "taken"),
                        ],
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
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
                    models.Index(fields=["outcome", "expires_at"], name="users_email_change_open"),
                    models.Index(fields=["outcome", "lost_after"], name="users_email_change_lost"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PendingRename",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("old_handle", models.CharField(max_length=30)),
                ("old_name", models.CharField(max_length=60)),
                ("handle", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=60)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("granted", "granted"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("decided_by_id", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
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
                "indexes": [models.Index(fields=["state", "id"], name="users_rename_queue")],
            },
        ),
    ]
