"""Amounts as people type and read them, exact to the minor unit."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.core.money import NotMoney, format_money, parse, plain_amount, short_money


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12,50", 1250), ("12.50", 1250), ("12", 1200), ("12.5", 1250), ("€12.50", 1250), ("12,50 €", 1250),
        ("EUR 12.50", 1250), ("0.01", 1), ("1,234.50", 123450), ("1.234,50", 123450), ("1 234,50", 123450),
        ("1\u202f234,50", 123450), ("1'234.50", 123450), ("1.234.567", 123456700),
        ("1,234,567.89", 123456789),
        ("0,05", 5), ("007", 700), (" 3 ", 300), ("0", 0),
    ],
)  # fmt: skip
def test_amounts_are_read_exactly(text: str, minor: int) -> None:
    assert parse(text, "EUR") == minor


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "NaN", "inf", "1e9", "1E2", "-1", "−5", "+5", "abc", "12.345", "1,234", "1.234", "12,5,0",
        "1.2.3", "1,23.45", "12,34,567.00", ".", ",", "12.", "5 $", "$5", "5 USD", "١٢", "１２", "0x10",
        "1_000", "12 50", "1 2", "12.50.", "1,,234", "12;50", "<b>5</b>", "1\x0000", "1.234,567.89",
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_words(text: str) -> None:
    with pytest.raises(NotMoney) as refused:
        parse(text, "EUR")
    assert str(refused.value).endswith((".", "?"))


def test_currencies_have_their_own_minor_units() -> None:
    assert parse("1200", "JPY") == 1200
    assert parse("1,200,000", "JPY") == 1_200_000
    assert parse("1.234", "KWD") == 1234
    assert short_money(1200, "JPY") == "¥1,200"
    assert short_money(1234, "KWD") == "1.234 KWD"
    with pytest.raises(NotMoney, match="whole number"):
        parse("12.5", "JPY")


def test_amounts_are_written_for_people() -> None:
    written = [short_money(each, "EUR") for each in (2400, 2450, 5, 0, -5, 123_456_789, -100_000)]
    assert [format_money(each, "EUR") for each in (2400, 2450)] == ["€24.00", "€24.50"]
    assert written == ["€24", "€24.50", "€0.05", "€0", "−€0.05", "€1,234,567.89", "−€1,000"]


@given(st.integers(0, 10**15), st.sampled_from(["EUR", "JPY", "KWD", "XYZ"]))
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    assert parse(plain_amount(minor, currency), currency) == minor
    if currency != "JPY" or minor < 1000:
        assert parse(format_money(minor, currency), currency) == minor


@given(st.text(max_size=12))
def test_nothing_typed_breaks_it(text: str) -> None:
    with contextlib.suppress(NotMoney):
        assert parse(text, "EUR") >= 0
