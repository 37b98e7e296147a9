import beyou.core.clock
import beyou.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="MediaFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("owner_id", models.UUIDField()),
                (
                    "purpose",
                    models.CharField(choices=[("avatar", "Avatar"), ("identity", "Identity")], max_length=20),
                ),
                ("content_type", models.CharField(max_length=40)),
                ("size", models.PositiveIntegerField()),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=100, unique=True)),
                ("wrapped_key", models.BinaryField(default=bytes)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
            ],
            options={
                "indexes": [models.Index(fields=["owner_id", "purpose"], name="media_file_owner")],
            },
        ),
    ]
