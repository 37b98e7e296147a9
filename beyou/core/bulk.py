"""Bulk statements for hot paths: one prepared statement for any number of rows, on every engine.

The ORM splits a bulk insert at SQLite's 999 parameters and builds an object per row. Table and column
names are the models' own constants, never input.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model


def insert(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Inserts the rows, in order. Nothing happens without rows."""
    if not rows:
        return
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks})", rows)  # noqa: S608


def update(
    model: type[Model], columns: Sequence[str], *, where: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Sets the columns where the key columns fit; a row holds the new values, then the key values."""
    if not rows:
        return
    values = ", ".join(f"{name} = %s" for name in columns)
    keys = " AND ".join(f"{name} = %s" for name in where)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {model._meta.db_table} SET {values} WHERE {keys}", rows)  # noqa: S608


def uuid_value() -> Callable[[UUID], Any]:
    """How this database takes a UUID as a raw parameter."""
    if connection.features.has_native_uuid_field:
        return str
    return lambda value: value.hex
