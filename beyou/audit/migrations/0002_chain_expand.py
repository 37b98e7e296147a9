# Rows may be numbered and chained from now on; those of an older version are not yet.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Head",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("checked_at", models.DateTimeField(null=True)),
                ("checked_rows", models.BigIntegerField(default=0)),
                ("problem", models.TextField(blank=True)),
                ("anchored_at", models.DateTimeField(null=True)),
                ("anchored_number", models.BigIntegerField(default=0)),
                ("anchor", models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.AddField("auditrecord", "number", models.BigIntegerField(null=True, unique=True)),
        migrations.AddField("auditrecord", "previous", models.CharField(max_length=64, null=True)),
        migrations.AddField("auditrecord", "digest", models.CharField(max_length=64, null=True)),
        migrations.AddIndex("auditrecord", models.Index(fields=["-created_at"], name="audit_time")),
    ]
