"""One-time codes against the vectors of their standard, and what may be typed."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.users import codes

_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_rfc_6238_vectors(second: int, code: str) -> None:
    assert codes.totp(_SECRET, codes.time_step(second * 1000)) == code


def test_one_step_before_and_after_counts_and_no_more() -> None:
    steps = {offset: codes.totp(_SECRET, 1000 + offset) for offset in (-2, -1, 0, 1, 2)}
    found = {offset: codes.matching_steps(_SECRET, code, 1000) for offset, code in steps.items()}
    assert found == {-2: [], -1: [999], 0: [1000], 1: [1001], 2: []}


@pytest.mark.parametrize("typed", [" 123 456\n", "123-456", "12\u00a034\u200956", "1 2 3 4 5 6"])
def test_spaces_and_hyphens_do_not_count(typed: str) -> None:
    assert codes.plain(typed) == "123456"


@pytest.mark.parametrize(
    "typed",
    ["١٢٣٤٥٦", "１２３４５６", "12345", "1234567", "12345a", "", "²²²²²²", "123\u202e456", "123456\0"],
)
def test_only_six_ascii_digits_are_a_code(typed: str) -> None:
    assert not codes.is_totp(codes.plain(typed))


def test_recovery_codes_read_lookalikes_and_any_case() -> None:
    for _ in range(50):
        made = codes.new_recovery_code()
        plain = codes.recovery_code(codes.plain(made))
        assert plain == made.replace("-", "")
        typed = made.upper().replace("0", "O").replace("1", "I")
        assert codes.recovery_code(codes.plain(typed)) == plain


@given(st.text(max_size=80))
def test_nothing_that_is_typed_breaks_the_reading(typed: str) -> None:
    plain = codes.plain(typed)
    codes.matching_steps(_SECRET, plain, 1)
    assert codes.recovery_code(plain) == "" or len(codes.recovery_code(plain)) == 10
