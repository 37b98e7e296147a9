"""The full-text index of whichever engine this is."""

from typing import Any

from django.db import migrations

from beyou.search.engines import INDEX


def build(apps: Any, schema_editor: Any) -> None:
    for statement in INDEX[schema_editor.connection.vendor][0]:
        schema_editor.connection.cursor().execute(statement)


def drop(apps: Any, schema_editor: Any) -> None:
    for statement in INDEX[schema_editor.connection.vendor][1]:
        schema_editor.connection.cursor().execute(statement)


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [migrations.RunPython(build, drop)]
