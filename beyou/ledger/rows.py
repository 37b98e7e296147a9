"""Statements of the sealer that `core.bulk` does not have.

Table and column names are the models' own constants, never input.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

from beyou.core import bulk


def delete_ids(model: type[Model], ids: Sequence[int]) -> int:
    """Delete exactly the rows with these primary keys; returns how many there were."""
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id IN ({marks})", ids)  # noqa: S608  (names are constants)
        return int(cursor.rowcount)


def upsert(
    model: type[Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    key: str,
    replace: Sequence[str] = (),
    add: Sequence[str] = (),
) -> None:
    """Insert rows; where the key exists, replace some columns and add to others."""
    table = model._meta.db_table
    mysql = connection.vendor == "mysql"
    given = "VALUES({})" if mysql else "excluded.{}"
    changes = [f"{name} = {given.format(name)}" for name in replace]
    changes += [f"{name} = {table}.{name} + {given.format(name)}" for name in add]
    conflict = "ON DUPLICATE KEY UPDATE" if mysql else f"ON CONFLICT ({key}) DO UPDATE SET"
    bulk.insert(model, columns, list(rows), on_conflict=f"{conflict} {', '.join(changes)}")


def insert_once(model: type[Model], columns: Sequence[str], row: Sequence[Any], *, key: str) -> None:
    """Insert the row unless its key exists."""
    ignore = (
        f"ON DUPLICATE KEY UPDATE {key} = {key}" if connection.vendor == "mysql" else "ON CONFLICT DO NOTHING"
    )
    bulk.insert(model, columns, [row], on_conflict=ignore)


def swap(model: type[Model], values: Mapping[str, Any], *, where: Mapping[str, Any]) -> bool:
    """Set the values in the row that holds all of these; whether there was one."""
    changes = ", ".join(f"{name} = %s" for name in values)
    keys = " AND ".join(f"{name} = %s" for name in where)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {model._meta.db_table} SET {changes} WHERE {keys}",  # noqa: S608  (names are constants)
            [*values.values(), *where.values()],
        )
        return int(cursor.rowcount) == 1
