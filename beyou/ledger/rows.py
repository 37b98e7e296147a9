"""Two statements of the sealer that `core.bulk` does not have.

Table and column names are the models' own constants, never input.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model


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
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks}) {conflict} {', '.join(changes)}"  # noqa: S608  (names are constants)
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(rows))
