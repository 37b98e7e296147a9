"""Records of erased entries, guarded like the entries themselves."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps as Apps

from beyou.ledger import guards


def install_guards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    guards.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ErasureRow",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("message_id", models.UUIDField(db_index=True)),
                ("day", models.IntegerField()),
                ("reason", models.SmallIntegerField()),
                ("signature", models.BinaryField()),
            ],
            options={"db_table": "ledger_erasure"},
        ),
        migrations.RunPython(install_guards, migrations.RunPython.noop),
    ]
