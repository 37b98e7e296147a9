"""Amounts as people and files read them: no cent is lost on the way."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.core.money import digits_of, format_money, plain_amount


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (0, "EUR", "€0.00"),
        (5, "EUR", "€0.05"),
        (123450, "EUR", "€1,234.50"),
        (-123456789, "USD", "−$1,234,567.89"),
        (1999, "CHF", "19.99 CHF"),
        (1234, "JPY", "¥1,234"),
        (1234, "KWD", "1.234 KWD"),
    ],
)
def test_how_amounts_are_shown(amount: int, currency: str, shown: str) -> None:
    assert format_money(amount, currency) == shown


@given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD", "CHF"]))
def test_what_is_written_is_what_was_meant(amount: int, currency: str) -> None:
    assert Decimal(plain_amount(amount, currency)) * 10 ** digits_of(currency) == amount
