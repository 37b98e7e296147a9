"""Steps of orders, guarded like the entries that commit to them."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps as Apps

from beyou.ledger import guards


def install_guards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    guards.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_erasures")]

    operations = [
        migrations.CreateModel(
            name="StepRow",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("part_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("step", models.SmallIntegerField()),
                ("actor", models.SmallIntegerField()),
                ("actor_id", models.UUIDField(db_index=True, null=True)),
                ("at_ms", models.BigIntegerField()),
                ("document", models.BinaryField(null=True)),
            ],
            options={
                "db_table": "ledger_step",
                "constraints": [
                    models.UniqueConstraint(fields=("part_id", "number"), name="ledger_step_number"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PendingErasure",
            fields=[
                ("member_id", models.UUIDField(primary_key=True, serialize=False)),
                ("due_ms", models.BigIntegerField()),
            ],
            options={"db_table": "ledger_pending_erasure"},
        ),
        migrations.RunPython(install_guards, migrations.RunPython.noop),
    ]
