"""What is stored about a member: where, what becomes of it when the account is erased, and its copy.

Each app declares its tables and makes its part of the copy in `own_data.py`. Nothing here knows an app: the
app `privacy` collects the copy and reports an erasure, and a test fails for a table that nobody declared.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q, QuerySet

_AT_ONCE = 500


class Fate(StrEnum):
    """What an erasure makes of the rows about a member."""

    ERASED = "erased"  # The rows are gone.
    EMPTIED = "emptied"  # The rows stay without what they said; `why` says what for.
    KEPT = "kept"  # The rows stay; `why` says what for.


@dataclass(frozen=True, slots=True)
class Table:
    """One table with rows about members. `people` are the fields that name them, by foreign key or id.

    `copied` names the files of the copy that hold the member's rows, or `not_copied` says why none does.
    """

    label: str
    what: str
    people: tuple[str, ...]
    fate: Fate
    why: str
    copied: str
    not_copied: str
    #: Id columns that name somebody whom the row is not about, such as who decided. They lead to a tombstone.
    mentions: tuple[str, ...]
    #: The app of ours that erases the rows.
    app: str

    def rows(self, member_id: UUID) -> QuerySet[Model]:
        """The rows about the member."""
        rows: QuerySet[Model] = apps.get_model(self.label)._base_manager.all()
        wanted = Q()
        for field in self.people:
            wanted |= Q(**{field: member_id})
        return rows.filter(wanted) if self.people else rows.none()


@dataclass(frozen=True, slots=True)
class File:
    """One file of a copy. `units` is how much of the part's `size` it stands for."""

    path: str
    chunks: Iterable[bytes]
    units: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """What one app adds to the copy; `size` is how many units its files will have together."""

    name: str
    files: Callable[[UUID], Iterator[File]]
    size: Callable[[UUID], int]


_tables: dict[str, Table] = {}
_parts: dict[str, Part] = {}
_unfinished: list[Callable[[UUID], bool]] = []


def declare(
    label: str,
    *people: str,
    what: str,
    fate: Fate = Fate.ERASED,
    why: str = "",
    copied: str = "",
    not_copied: str = "",
    mentions: tuple[str, ...] = (),
    by: str = "",
) -> None:
    """The table `label` ("app.Model") holds `what` about the members that the fields `people` name.

    `by` is the app of ours that erases the rows of a library's table. Raises `ValueError` for a declaration
    that leaves something open.
    """
    if bool(copied) == bool(not_copied) or (fate is Fate.ERASED) == bool(why):
        raise ValueError(f"{label}: say whether it is copied or why not, and why it stays if it does")
    _tables[label] = Table(
        label, what, people, fate, why, copied, not_copied, mentions, by or label.partition(".")[0]
    )


def part(
    name: str, *, size: Callable[[UUID], int] = lambda _: 1
) -> Callable[[Callable[[UUID], Iterator[File]]], Callable[[UUID], Iterator[File]]]:
    """Registers what an app adds to the copy of a member's data. Raises `ValueError` when another one has the
    name, since only one of the two would be in the copy.
    """

    def register(files: Callable[[UUID], Iterator[File]]) -> Callable[[UUID], Iterator[File]]:
        if name in _parts:
            raise ValueError(f"the copy has a part {name} already")
        _parts[name] = Part(name, files, size)
        return files

    return register


def unfinished(check: Callable[[UUID], bool]) -> Callable[[UUID], bool]:
    """Registers how an app says that it is still erasing what belonged to a member."""
    _unfinished.append(check)
    return check


def tables() -> list[Table]:
    return list(_tables.values())


def parts() -> list[Part]:
    return list(_parts.values())


def is_unfinished(member_id: UUID) -> bool:
    """Whether some app is still erasing."""
    return any(check(member_id) for check in _unfinished)


def erase_rows(app: str, member_id: UUID) -> None:
    """The rows about the member are gone from the tables that the app declared as erased."""
    for table in _tables.values():
        if table.app == app and table.fate is Fate.ERASED:
            _erase(table, member_id)


def _erase(table: Table, member_id: UUID) -> None:
    model = apps.get_model(table.label)
    while keys := list(table.rows(member_id).values_list("pk", flat=True)[:_AT_ONCE]):
        model._base_manager.filter(pk__in=keys).delete()


def json_file(path: str, value: Any, *, units: int = 1) -> File:
    """One JSON document that fits into memory."""
    return File(path, [_dumped(value).encode() + b"\n"], units)


def json_list(path: str, records: Iterable[Any]) -> File:
    """A JSON array of any length, written record by record."""

    def chunks() -> Iterator[bytes]:
        before = b"[\n"
        for record in records:
            yield before + _dumped(record).encode()
            before = b",\n"
        yield b"\n]\n" if before == b",\n" else b"[]\n"

    return File(path, chunks())


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)
