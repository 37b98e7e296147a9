# Every row has its place in the chain from now on.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_chain_backfill")]

    operations = [
        migrations.AlterField("auditrecord", "number", models.BigIntegerField(unique=True)),
        migrations.AlterField("auditrecord", "previous", models.CharField(max_length=64)),
        migrations.AlterField("auditrecord", "digest", models.CharField(max_length=64)),
    ]
