"""The statement as rows of a file."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from uuid import UUID

from beyou.core.money import plain_amount
from beyou.core.tables import Cell
from beyou.payments.queries import statement

HEADER: Final = ("Time (UTC)", "What", "Currency", "Amount", "Balance", "Reference")


def statement_rows(member_id: UUID) -> Iterator[tuple[Cell, ...]]:
    """Amounts as numbers, so that a spreadsheet can add them."""
    for line in statement(member_id):
        yield (
            line.at.isoformat(timespec="seconds"),
            line.words,
            line.currency,
            Decimal(plain_amount(line.amount_minor, line.currency)),
            Decimal(plain_amount(line.balance_minor, line.currency)),
            str(line.reference),
        )
