"""Statements for hot paths: one for any number of rows, on every engine, without the ORM's work per call.

The ORM splits a bulk insert at SQLite's 999 parameters, builds an object per row, and takes longer to
write a query than the database to answer it. Table and column names are the models' own constants, never
input.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet

Row = tuple[Any, ...]


#: The most rows of one statement on SQLite, which takes 32,766 parameters.
_ROWS_AT_ONCE = 256


def insert(
    model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], *, on_conflict: str = ""
) -> None:
    """Inserts the rows, in order. Nothing happens without rows.

    `on_conflict` is the clause in this database's SQL that says what happens where a row exists.
    """
    if not rows:
        return
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            # Both drivers send all rows in one go.
            cursor.executemany(f"{_insert_sql(table, tuple(columns), 1)} {on_conflict}", rows)
            return
        # SQLite's executemany gives the interpreter away and takes it back for each row, and whoever else
        # runs in between makes each row wait.
        for begin in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[begin : begin + _ROWS_AT_ONCE]
            size = 1 << (len(part) - 1).bit_length()
            values = [value for row in part for value in row]
            values += [None] * (len(columns) * (size - len(part)))
            cursor.execute(f"{_insert_sql(table, tuple(columns), size)} {on_conflict}", values)


@lru_cache(maxsize=512)
def _insert_sql(table: str, columns: tuple[str, ...], size: int) -> str:
    """An insert of up to so many rows, those that begin with NULL left out: few statements do for all sizes.

    Every table of ours has something in the first of its columns.
    """
    start = f"INSERT INTO {table} ({', '.join(columns)})"
    row = f"({', '.join(['%s'] * len(columns))})"
    if size == 1:
        return f"{start} VALUES {row}"
    return f"{start} SELECT * FROM (VALUES {', '.join([row] * size)}) WHERE column1 IS NOT NULL"  # noqa: S608  (names are constants)


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
    return _hex


def _hex(value: UUID) -> str:
    return value.hex


@lru_cache(maxsize=4096)
def _uuid(value: str) -> UUID:
    """The same few conversations and members are read again and again, and making a UUID is slow."""
    return UUID(value)


class Lookup:
    """Rows by a list of ids, from a queryset whose SQL is written once per connection and size of list.

    `build` gives the queryset (`values_list`) for some ids; nothing else in it may vary. Sizes are rounded
    up to powers of two by repeating an id, so that there are few of them.
    """

    def __init__(
        self, build: Callable[[Sequence[Any]], QuerySet[Any, Any]], kind: type[UUID] | type[int] = UUID
    ) -> None:
        self._build = build
        self._kind = kind
        self._written: WeakKeyDictionary[BaseDatabaseWrapper, dict[int, _Written]] = WeakKeyDictionary()

    def __call__(self, ids: Iterable[UUID | int]) -> list[Row]:
        """One statement; none without ids."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return []
        size = 1 << (len(wanted) - 1).bit_length()
        wanted += [wanted[-1]] * (size - len(wanted))
        sizes = self._written.setdefault(connections[DEFAULT_DB_ALIAS], {})
        if size not in sizes:
            marks = [_mark(self._kind) for _ in range(size)]
            sizes[size] = _write(self._build(marks), marks)
        return sizes[size].rows(wanted)


class Query:
    """Rows of a queryset whose SQL is written once per connection.

    `build` takes values of the kinds, UUIDs or integers, and gives a queryset (`values_list`) with all of
    them among its parameters; nothing else in it may vary.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: type[UUID] | type[int]) -> None:
        self._build = build
        self._kinds = kinds
        self._written: WeakKeyDictionary[BaseDatabaseWrapper, _Written] = WeakKeyDictionary()

    def __call__(self, *values: UUID | int) -> list[Row]:
        """One statement."""
        written = self._written.get(connections[DEFAULT_DB_ALIAS])
        if written is None:
            marks = [_mark(kind) for kind in self._kinds]
            written = _write(self._build(*marks), marks)
            self._written[connections[DEFAULT_DB_ALIAS]] = written
        return written.rows(values)


def _mark(kind: type[Any]) -> Any:
    """A value that no constant of a query equals. Numbers fit a column of 64 bits, not a smaller one."""
    return uuid4() if kind is UUID else secrets.randbits(61) + 2**61


def _write(queryset: QuerySet[Any, Any], marks: Sequence[UUID | int]) -> "_Written":
    """The SQL of the queryset, with the marks known as places for values."""
    compiler = queryset.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    as_uuid = uuid_value()

    def plain(value: Any) -> Any:
        return as_uuid(value) if isinstance(value, UUID) else value

    places = {plain(mark): number for number, mark in enumerate(marks)}
    columns = [column for column, _, _ in compiler.select]
    converters: list[tuple[int, Callable[[Any], Any]]] = []
    for index, (functions, column) in compiler.get_converters(columns).items():
        converters.append((index, _converter(column, functions)))
    return _Written(sql, params, [places.get(plain(value)) for value in params], converters)


def _converter(column: Any, functions: Sequence[Callable[..., Any]]) -> Callable[[Any], Any]:
    """What the ORM does to a value of this column."""
    if column.output_field.get_internal_type() == "UUIDField":
        return lambda value: value if value is None else _uuid(value)

    def convert(value: Any) -> Any:
        for function in functions:
            value = function(value, column, connection)
        return value

    return convert


@dataclass(frozen=True, slots=True)
class _Written:
    """SQL with the places of the values among its parameters."""

    sql: str
    params: Sequence[Any]
    slots: Sequence[int | None]
    converters: Sequence[tuple[int, Callable[[Any], Any]]]

    def rows(self, given: Sequence[UUID | int]) -> list[Row]:
        as_uuid = uuid_value()
        values = [as_uuid(value) if isinstance(value, UUID) else value for value in given]
        params = [
            fixed if slot is None else values[slot]
            for fixed, slot in zip(self.params, self.slots, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            found = cursor.fetchall()
        if not self.converters:
            return [tuple(row) for row in found]
        changed = [list(row) for row in found]
        for index, convert in self.converters:
            for row in changed:
                row[index] = convert(row[index])
        return [tuple(row) for row in changed]
