"""No text becomes a formula, no text is lost, and numbers stay numbers."""

import csv
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.core.tables import csv_lines, safe_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "  +1",
        "\u00a0=1",
        "＝1+1",
        "=cmd|'/c calc'!A0",
    ],
)
def test_what_could_be_a_formula_is_text(text: str) -> None:
    assert safe_cell(text) == "'" + text


def test_numbers_stay_numbers() -> None:
    assert [safe_cell(-5), safe_cell(Decimal("-0.50")), safe_cell("5 apples")] == ["-5", "-0.50", "5 apples"]


_TEXTS = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@given(st.lists(st.lists(_TEXTS, min_size=2, max_size=2), max_size=5))
def test_what_is_read_back_is_what_was_written(rows: list[list[str]]) -> None:
    text = "".join(csv_lines(["a", "b"], rows))
    assert text.startswith("\ufeffa,b\r\n")
    read = list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")))
    assert read[1:] == [[safe_cell(cell) for cell in row] for row in rows]
