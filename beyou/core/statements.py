"""Several statements in one trip to the database, and values as text of its SQL.

A trip costs more than most statements: the thread that waits for the answer gives the interpreter away, and
gets it back only when another one lets go. MariaDB takes many statements as one anonymous block, PostgreSQL
as one text; SQLite is in the process, where there is no trip to save.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

Row = tuple[Any, ...]

#: The most characters of one trip; MariaDB takes 16 MiB unless told otherwise, and memory is for others, too.
TRIP = 1 << 20


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement and its parameters; `returns_rows` when it is a query."""

    sql: str
    params: Sequence[Any] | None = None
    returns_rows: bool = False


#: What `gathered` collects in this thread; None outside.
_gathered: ContextVar[list[Statement] | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered() -> Iterator[None]:
    """What `write` is given in this block reaches the database at its end, in order, by as few trips as the
    engine allows. Nothing reaches it when the block raises.
    """
    if _gathered.get() is not None:
        yield
        return
    statements: list[Statement] = []
    token = _gathered.set(statements)
    try:
        yield
    finally:
        _gathered.reset(token)
    send(statements)


def write(statement: Statement) -> None:
    """Runs a statement without rows, now or at the end of the block of `gathered`."""
    waiting = _gathered.get()
    if waiting is None:
        send([statement])
    else:
        waiting.append(statement)


def send(statements: Sequence[Statement]) -> list[list[Row]]:
    """Runs the statements in order; returns the rows of each that returns some.

    Give them in a transaction: the first that fails raises, and those before it stand until a rollback.
    """
    found: list[list[Row]] = []
    if not statements:
        return found
    with connection.cursor() as cursor:
        if len(statements) < 2 or not _takes_many():
            for each in statements:
                cursor.execute(each.sql, each.params)
                if each.returns_rows:
                    found.append(cursor.fetchall())
            return found
        for part, texts in _trips(statements, cursor):
            found += _send_together(cursor, part, texts)
    return found


def _takes_many() -> bool:
    # MySQL, unlike MariaDB, knows no anonymous blocks.
    return bool(getattr(connection, "mysql_is_mariadb", connection.vendor == "postgresql"))


def _trips(statements: Sequence[Statement], cursor: Any) -> Iterator[tuple[list[Statement], list[str]]]:
    """The statements with their whole texts, in parts that fit a trip unless a single one does not."""
    part: list[Statement] = []
    texts: list[str] = []
    size = 0
    for each in statements:
        text = each.sql if each.params is None else _text(cursor.mogrify(each.sql, each.params))
        if part and size + len(text) > TRIP:
            yield part, texts
            part, texts, size = [], [], 0
        part.append(each)
        texts.append(text)
        size += len(text)
    yield part, texts


def _text(text: str | bytes) -> str:
    return text.decode() if isinstance(text, bytes) else text


def _send_together(cursor: Any, statements: Sequence[Statement], texts: Sequence[str]) -> list[list[Row]]:
    joined = "; ".join(texts)
    # Outside a program of its own MariaDB takes one statement at a time, and a block is one.
    is_block = connection.vendor == "mysql"
    cursor.execute(f"BEGIN NOT ATOMIC {joined}; END" if is_block else joined)
    found = []
    for each in statements:
        if each.returns_rows:
            found.append(list(cursor.fetchall()))
        # A block answers with the rows of its queries only, PostgreSQL with something for each statement.
        if each.returns_rows or not is_block:
            cursor.nextset()
    return found


class _Writers(dict[type[Any], Callable[[Any], str]]):
    """How values are written, by their type; a subclass is written as what it derives from."""

    def __missing__(self, kind: type[Any]) -> Callable[[Any], str]:
        for base in kind.__mro__:
            if base in self:
                self[kind] = self[base]
                return self[base]
        raise TypeError(f"a {kind.__name__} cannot be written into a statement")


def tuples(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Each row as text in parentheses, for MariaDB and PostgreSQL.

    Bytes become hexadecimal digits, and the driver quotes texts. Raises TypeError for a value that is neither
    integer, bytes, text, UUID, truth value nor None.
    """
    write = _MARIADB if connection.vendor == "mysql" else _POSTGRESQL
    return [f"({', '.join([write[type(value)](value) for value in row])})" for row in rows]


def _quoted(text: str) -> str:
    if text.isascii() and text.replace("-", "").isalnum():
        # Most are ids, and asking the driver takes several times as long.
        return f"'{text}'"
    connection.ensure_connection()
    raw = connection.connection
    if connection.vendor == "mysql":
        return str(raw.escape(text))
    from psycopg.sql import quote

    return quote(text, raw)


_COMMON: dict[type[Any], Callable[[Any], str]] = {
    int: int.__repr__,
    bool: lambda value: "TRUE" if value else "FALSE",
    type(None): lambda _: "NULL",
    str: _quoted,
    UUID: lambda value: f"'{value.hex}'",
}
_MARIADB = _Writers(_COMMON | {kind: lambda value: f"X'{value.hex()}'" for kind in (bytes, memoryview)})
# With the backslash escaped, which every setting of the server understands.
_POSTGRESQL = _Writers(
    _COMMON | {kind: lambda value: f"E'\\\\x{value.hex()}'" for kind in (bytes, memoryview)}
)
