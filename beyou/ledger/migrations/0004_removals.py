"""Removals of messages by the staff, guarded like the entries that commit to them."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps as Apps

from beyou.ledger import guards


def install_guards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    guards.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_steps")]

    operations = [
        migrations.CreateModel(
            name="RemovalRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("message_id", models.UUIDField()),
                ("number", models.IntegerField()),
                ("at_ms", models.BigIntegerField()),
                ("target", models.BinaryField()),
                ("words", models.CharField(max_length=100, null=True)),
                ("salt", models.BinaryField(null=True)),
                ("signature", models.BinaryField()),
            ],
            options={
                "db_table": "ledger_removal",
                "constraints": [
                    models.UniqueConstraint(fields=("message_id", "number"), name="ledger_removal_number"),
                ],
            },
        ),
        migrations.RunPython(install_guards, migrations.RunPython.noop),
    ]
