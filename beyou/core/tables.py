"""Files for spreadsheets that no text of a member can turn into a program."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from io import StringIO
from typing import Final

#: What spreadsheets take for the beginning of a formula (OWASP, CSV injection).
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Cell = str | int | Decimal


def safe_cell(cell: Cell) -> str:
    """The cell as text; one that could begin a formula is quoted by an apostrophe. Numbers stay numbers."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_DANGEROUS) else cell
    return str(cell)


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A CSV (RFC 4180), line by line, with a mark that tells spreadsheets it is UTF-8."""
    yield "\ufeff" + _line(header)
    for row in rows:
        yield _line([safe_cell(cell) for cell in row])


def _line(cells: Sequence[str]) -> str:
    buffer = StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
