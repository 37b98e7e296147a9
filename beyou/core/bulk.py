"""Statements for hot paths: one for any number of rows, on every engine, without the ORM's work per call.

The ORM splits a bulk insert at SQLite's 999 parameters, builds an object per row, and takes longer to
write a query than the database to answer it. Table and column names are the models' own constants, never
input. A UUID goes in as its hexadecimal digits, which every engine takes for its own column type.
"""

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet

from beyou.core.statements import TRIP, Row, Statement, gathered, send, tuples, write

__all__ = ["Kind", "Lookup", "Query", "Question", "Row", "gathered", "insert", "rows_of", "update"]

#: What may vary in a statement that is written once.
Value = UUID | int | dt.datetime
Kind = type[UUID] | type[int] | type[dt.datetime]
#: Later than any time that a row or a constant has; 55 bits of microseconds are a thousand years more.
_LATE = dt.datetime(7000, 1, 1, tzinfo=dt.UTC)
#: The most rows of one statement on SQLite, which takes 32,766 parameters.
_ROWS_AT_ONCE = 256
#: The most characters of the rows of one statement elsewhere, so that some fit one trip.
_TEXT_AT_ONCE = TRIP // 4


def insert(
    model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], *, on_conflict: str = ""
) -> None:
    """Inserts the rows, in order. Nothing happens without rows; within `gathered` nothing before its end.

    `on_conflict` is the clause in this database's SQL that says what happens where a row exists.
    """
    table, names = model._meta.db_table, ", ".join(columns)
    if connection.vendor != "sqlite":
        for part in _parts(tuples(rows)):
            write(Statement(f"INSERT INTO {table} ({names}) VALUES {part} {on_conflict}"))  # noqa: S608  (literals)
        return
    # SQLite's executemany gives the interpreter away and takes it back for each row, and whoever else
    # runs in between makes each row wait.
    for size, values in _padded(rows, len(columns)):
        write(Statement(f"{_insert_sql(table, tuple(columns), size)} {on_conflict}", values))


def _parts(texts: Sequence[str]) -> Iterator[str]:
    """The rows of one statement after the other, so that none is longer than a trip unless a row is."""
    part: list[str] = []
    size = 0
    for text in texts:
        if part and size + len(text) > _TEXT_AT_ONCE:
            yield ", ".join(part)
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield ", ".join(part)


def _padded(rows: Sequence[Sequence[Any]], width: int) -> Iterator[tuple[int, list[Any]]]:
    """The values of one statement after the other, with rows of NULL up to a power of two."""
    for begin in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[begin : begin + _ROWS_AT_ONCE]
        size = 1 << (len(part) - 1).bit_length()
        values = [value for row in part for value in row]
        values += [None] * (width * (size - len(part)))
        yield size, values


@lru_cache(maxsize=512)
def _insert_sql(table: str, columns: tuple[str, ...], size: int) -> str:
    """An insert of up to so many rows, those that begin with NULL left out: few statements do for all sizes.

    Every table of ours has something in the first of its columns.
    """
    start = f"INSERT INTO {table} ({', '.join(columns)})"
    if size == 1:
        return f"{start} VALUES {_marks(len(columns), 1)}"
    return f"{start} SELECT * FROM (VALUES {_marks(len(columns), size)}) WHERE column1 IS NOT NULL"  # noqa: S608  (names are constants)


def _marks(width: int, size: int) -> str:
    return ", ".join([f"({', '.join(['%s'] * width)})"] * size)


def update(
    model: type[Model], columns: Sequence[str], *, where: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Sets the columns where the key columns fit; a row holds the new values, then the key values.

    No two rows have the same key. Nothing happens without rows; within `gathered` nothing before its end.
    """
    table, given = model._meta.db_table, (*columns, *where)
    if connection.vendor == "sqlite":
        for size, values in _padded(rows, len(given)):
            write(Statement(_update_sql(table, tuple(columns), tuple(where), size), values))
        return
    for part in _parts(tuples(rows)):
        write(Statement(_update_from(model, tuple(columns), tuple(where), part)))


@lru_cache(maxsize=512)
def _update_sql(table: str, columns: tuple[str, ...], where: tuple[str, ...], size: int) -> str:
    """For SQLite; rows of NULL fit nowhere."""
    values = ", ".join(f"{name} = given.column{at}" for at, name in enumerate(columns, 1))
    keys = " AND ".join(
        f"{table}.{name} = given.column{at}" for at, name in enumerate(where, len(columns) + 1)
    )
    marks = _marks(len(columns) + len(where), size)
    return f"UPDATE {table} SET {values} FROM (VALUES {marks}) AS given WHERE {keys}"  # noqa: S608  (names are constants)


def _update_from(model: type[Model], columns: tuple[str, ...], where: tuple[str, ...], rows: str) -> str:
    table, names = model._meta.db_table, ", ".join((*columns, *where))
    if connection.vendor == "mysql":
        values = ", ".join(f"{table}.{name} = given.{name}" for name in columns)
        keys = " AND ".join(f"{table}.{name} = given.{name}" for name in where)
        given = f"(WITH given ({names}) AS (VALUES {rows}) SELECT * FROM given)"  # noqa: S608  (literals)
        return f"UPDATE {table} JOIN {given} AS given ON {keys} SET {values}"  # noqa: S608  (literals)
    types = _types(model)
    values = ", ".join(f"{name} = given.{name}::{types[name]}" for name in columns)
    keys = " AND ".join(f"{table}.{name} = given.{name}::{types[name]}" for name in where)
    return f"UPDATE {table} SET {values} FROM (VALUES {rows}) AS given ({names}) WHERE {keys}"  # noqa: S608  (literals)


@lru_cache(maxsize=64)
def _types(model: type[Model]) -> dict[str, str]:
    """The types of the columns, without a length: a cast to a length would cut off what is too long."""
    types = {str(field.column): str(field.db_type(connection)) for field in model._meta.concrete_fields}
    return {name: kind.partition("(")[0] for name, kind in types.items()}


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
        return rows_of(self.asks(ids))[0]

    def asks(self, ids: Iterable[UUID | int]) -> "Question":
        """The same to be asked together with others, by `rows_of`."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return Question(None, ())
        size = 1 << (len(wanted) - 1).bit_length()
        wanted += [wanted[-1]] * (size - len(wanted))
        sizes = self._written.setdefault(connections[DEFAULT_DB_ALIAS], {})
        if size not in sizes:
            marks = [_mark(self._kind) for _ in range(size)]
            sizes[size] = _write(self._build(marks), marks)
        return Question(sizes[size], wanted)


@dataclass(frozen=True, slots=True)
class Question:
    """What a `Lookup` would ask the database; nothing without ids."""

    written: "_Written | None"
    values: Sequence[Any]


def rows_of(*questions: Question) -> list[list[Row]]:
    """The rows of each, asked in this order by as few trips to the database as the engine allows."""
    asked = [(each.written, each.values) for each in questions]
    found = iter(send([written.statement(values) for written, values in asked if written is not None]))
    return [written.converted(next(found)) if written is not None else [] for written, _ in asked]


class Query:
    """Rows of a queryset whose SQL is written once per connection.

    `build` takes values of the kinds and gives a queryset (`values_list`) with all of them among its
    parameters; nothing else in it may vary. The time of day varies: give it as a value.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: Kind) -> None:
        self._build = build
        self._kinds = kinds
        self._written: WeakKeyDictionary[BaseDatabaseWrapper, _Written] = WeakKeyDictionary()

    def __call__(self, *values: Value) -> list[Row]:
        """One statement."""
        written = self._written.get(connections[DEFAULT_DB_ALIAS])
        if written is None:
            marks = [_mark(kind) for kind in self._kinds]
            written = _write(self._build(*marks), marks)
            self._written[connections[DEFAULT_DB_ALIAS]] = written
        return written.rows(values)


def _mark(kind: Kind) -> Any:
    """A value that no constant of a query equals. Numbers fit a column of 64 bits, not a smaller one."""
    if kind is dt.datetime:
        return _LATE + dt.timedelta(microseconds=secrets.randbits(55))
    return uuid4() if kind is UUID else secrets.randbits(61) + 2**61


def _plain(value: Any) -> Any:
    """The value as it stands among the parameters of a statement."""
    if isinstance(value, dt.datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) else value


def _write(queryset: QuerySet[Any, Any], marks: Sequence[Value]) -> "_Written":
    """The SQL of the queryset, with the marks known as places for values."""
    compiler = queryset.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    places = {_plain(mark): number for number, mark in enumerate(marks)}
    columns = [column for column, _, _ in compiler.select]
    converters: list[tuple[int, Callable[[Any], Any]]] = []
    for index, (functions, column) in compiler.get_converters(columns).items():
        converters.append((index, _converter(column, functions)))
    return _Written(sql, params, [places.get(_plain(value)) for value in params], converters)


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

    def statement(self, given: Sequence[Value]) -> Statement:
        values = [_plain(value) for value in given]
        params = [
            fixed if slot is None else values[slot]
            for fixed, slot in zip(self.params, self.slots, strict=True)
        ]
        return Statement(self.sql, params, returns_rows=True)

    def converted(self, found: Sequence[Row]) -> list[Row]:
        """The rows with the values that the ORM would give."""
        if not self.converters:
            return [tuple(row) for row in found]
        changed = [list(row) for row in found]
        for index, convert in self.converters:
            for row in changed:
                row[index] = convert(row[index])
        return [tuple(row) for row in changed]

    def rows(self, given: Sequence[Value]) -> list[Row]:
        return self.converted(send([self.statement(given)])[0])
