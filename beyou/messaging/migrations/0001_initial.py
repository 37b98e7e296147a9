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
            name="Conversation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("mode", models.SmallIntegerField(choices=[(1, "Standard"), (2, "End To End")], default=1)),
                ("data_key", models.BinaryField()),
                ("last_seq", models.BigIntegerField(default=0)),
                ("last_ms", models.BigIntegerField(default=beyou.core.clock.now_ms)),
                ("created_ms", models.BigIntegerField(default=beyou.core.clock.now_ms)),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("mode", models.SmallIntegerField(choices=[(1, "Standard"), (2, "End To End")])),
                ("header", models.BinaryField()),
                ("body", models.BinaryField()),
                ("signature", models.BinaryField()),
                ("received_ms", models.BigIntegerField()),
                ("stamp", models.BinaryField()),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="messaging.conversation",
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("conversation", "seq"), name="messaging_message_seq")
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageWrap",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key_set", models.UUIDField()),
                ("key_id", models.CharField(max_length=64)),
                ("wrap", models.BinaryField()),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="wraps",
                        to="messaging.message",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("message", "member", "key_set"), name="messaging_wrap_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConversationMember",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("delivered_seq", models.BigIntegerField(default=0)),
                ("read_seq", models.BigIntegerField(default=0)),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="messaging.conversation",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "peer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("conversation", "member"), name="messaging_member_once"),
                    models.UniqueConstraint(fields=("member", "peer"), name="messaging_direct_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeviceChain",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("device", models.UUIDField()),
                ("counter", models.BigIntegerField()),
                ("digest", models.BinaryField()),
                (
                    "conversation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="messaging.conversation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("conversation", "device"), name="messaging_chain_once")
                ],
            },
        ),
    ]
