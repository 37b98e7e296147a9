"""Statements for hot paths: one for any number of rows, on every engine, without the ORM's work per call.

The ORM splits a bulk insert at SQLite's 999 parameters, builds an object per row, and takes longer to
write a query than the database to answer it. Table and column names are the models' own constants, never
input.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet

Row = tuple[Any, ...]


def insert(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Inserts the rows, in order. Nothing happens without rows."""
    if not rows:
        return
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks})", rows)  # noqa: S608  (names are constants)


def update(
    model: type[Model], columns: Sequence[str], *, where: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Sets the columns where the key columns fit; a row holds the new values, then the key values."""
    if not rows:
        return
    values = ", ".join(f"{name} = %s" for name in columns)
    keys = " AND ".join(f"{name} = %s" for name in where)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {model._meta.db_table} SET {values} WHERE {keys}", rows)  # noqa: S608  (names are constants)


def uuid_value() -> Callable[[UUID], Any]:
    """How this database takes a UUID as a raw parameter."""
    if connection.features.has_native_uuid_field:
        return str
    return lambda value: value.hex


class Lookup:
    """Rows by a list of ids, from a queryset whose SQL is written once per connection and size of list.

    `build` gives the queryset (`values_list`) for some ids; nothing else in it may vary. Sizes are rounded
    up to powers of two by repeating an id, so that there are few of them.
    """

    def __init__(self, build: Callable[[Sequence[UUID]], QuerySet[Any, Any]]) -> None:
        self._build = build
        self._written: WeakKeyDictionary[BaseDatabaseWrapper, dict[int, _Written]] = WeakKeyDictionary()

    def __call__(self, ids: Iterable[UUID]) -> list[Row]:
        """One statement; none without ids."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return []
        size = 1 << (len(wanted) - 1).bit_length()
        wanted += [wanted[-1]] * (size - len(wanted))
        sizes = self._written.setdefault(connections[DEFAULT_DB_ALIAS], {})
        if size not in sizes:
            sizes[size] = self._write(size)
        return sizes[size].rows(wanted)

    def _write(self, size: int) -> "_Written":
        marks = [uuid4() for _ in range(size)]
        compiler = self._build(marks).query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        as_uuid = uuid_value()
        places = {as_uuid(mark): number for number, mark in enumerate(marks)}
        slots = [places.get(as_uuid(value) if isinstance(value, UUID) else value) for value in params]
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        return _Written(sql, params, slots, converters, compiler)


@dataclass(frozen=True, slots=True)
class _Written:
    """SQL with the places of the ids among its parameters."""

    sql: str
    params: Sequence[Any]
    slots: Sequence[int | None]
    converters: Any
    compiler: Any

    def rows(self, ids: Sequence[UUID]) -> list[Row]:
        as_uuid = uuid_value()
        values = [as_uuid(key) for key in ids]
        params = [
            fixed if slot is None else values[slot]
            for fixed, slot in zip(self.params, self.slots, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            found = cursor.fetchall()
        if self.converters:
            found = self.compiler.apply_converters(found, self.converters)
        return [tuple(row) for row in found]
