"""Rows from before can be found by ranges, too. Batches of their own, so that nobody waits for a lock."""

import ipaddress
from typing import Any

from django.db import migrations

_BATCH = 1000


def _key(address: str) -> str:
    found = ipaddress.ip_address(address)
    mapped = 0xFFFF << 32 if found.version == 4 else 0
    return f"{int(found) + mapped:032x}"


def fill(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("users", "LoginActivity").objects.using(schema_editor.connection.alias)
    waiting = rows.filter(address_key="", address__isnull=False).order_by("id")
    while batch := list(waiting.only("id", "address")[:_BATCH]):
        for row in batch:
            row.address_key = _key(row.address)
        rows.bulk_update(batch, ["address_key"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("users", "0015_address_block"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
