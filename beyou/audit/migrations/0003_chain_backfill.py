# The rows of an older version are chained in the order in which they were made. What the bytes of a row are
# stands here once more, as version 1 has it, so that this migration stays what it is.

import hashlib
import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from django.apps.registry import Apps
from django.db import migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

AT_ONCE = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def digest_of(row) -> str:
    said = {
        "number": row.number,
        "previous": row.previous,
        "id": row.id.hex,
        "actor": row.actor_id.hex if row.actor_id else None,
        "act": row.act,
        "subject": row.subject_id.hex if row.subject_id else None,
        "object": row.object_id,
        "detail": row.detail,
        "address": ip_address(row.address).packed.hex() if row.address else None,
        "at": (row.created_at - EPOCH) // timedelta(microseconds=1),
    }
    told = json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")
    return hashlib.sha256(b"beyou/audit/1\0" + told).hexdigest()


def chain(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """May be stopped and run again: each piece is whole, with the head that it leads to."""
    Record, Head = apps.get_model("audit", "AuditRecord"), apps.get_model("audit", "Head")
    alias = schema_editor.connection.alias
    # Also where there is no row yet: those who make the head at once could wait for each other.
    Head.objects.using(alias).get_or_create(id=1, defaults={"number": 0, "digest": "0" * 64})
    while True:
        with transaction.atomic(using=alias):
            head = Head.objects.using(alias).select_for_update().get(id=1)
            rows = Record.objects.using(alias).filter(number=None).order_by("created_at", "id")
            piece = list(rows[:AT_ONCE])
            for row in piece:
                row.number, row.previous = head.number + 1, head.digest
                row.digest = digest_of(row)
                head.number, head.digest = row.number, row.digest
            Record.objects.using(alias).bulk_update(piece, ["number", "previous", "digest"])
            head.save(using=alias)
        if len(piece) < AT_ONCE:
            return


def unchain(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    Record = apps.get_model("audit", "AuditRecord")
    Record.objects.using(alias).update(number=None, previous=None, digest=None)
    apps.get_model("audit", "Head").objects.using(alias).all().delete()


class Migration(migrations.Migration):
    # In pieces, each committed, so that a long record is not one long transaction.
    atomic = False
    dependencies = [("audit", "0002_chain_expand")]

    operations = [migrations.RunPython(chain, unchain)]
