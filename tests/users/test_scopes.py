"""The text of a token: found by scanners, refused by us when a letter is wrong."""

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.users.scopes import BASE62, MEANING, PREFIX_LETTERS, TOKEN, Scope, joined, token_digest, token_text

_TEXT = token_text("abcd1234", "Aa0" * 10)


def test_a_token_has_the_published_shape() -> None:
    assert re.fullmatch(r"beyou_[0-9a-z]{8}_[0-9A-Za-z]{36}", _TEXT)
    assert token_digest(_TEXT) is not None


def test_the_checksum_is_crc_32_in_base_62() -> None:
    """As docs/howto/use-the-api.md tells the writers of scanners."""
    value = 0
    for letter in _TEXT[-6:]:
        value = value * 62 + BASE62.index(letter)
    assert value == zlib.crc32(_TEXT[:-6].encode())


@given(st.text(PREFIX_LETTERS, min_size=8, max_size=8), st.text(BASE62, min_size=30, max_size=30))
def test_every_token_that_we_make_is_one(prefix: str, secret: str) -> None:
    assert token_digest(token_text(prefix, secret)) is not None


@given(st.integers(0, len(_TEXT) - 1), st.characters())
def test_one_wrong_letter_is_no_token(place: int, letter: str) -> None:
    changed = _TEXT[:place] + letter + _TEXT[place + 1 :]
    assert (token_digest(changed) is None) == (changed != _TEXT)


@given(st.text())
def test_noise_is_no_token(text: str) -> None:
    assert token_digest(text) is None


@pytest.mark.parametrize("text", [_TEXT + "\n", " " + _TEXT, _TEXT.upper(), _TEXT[:-1], "", "beyou__"])
def test_what_is_almost_a_token_is_none(text: str) -> None:
    assert token_digest(text) is None


def test_the_secret_has_more_than_160_bits() -> None:
    assert len(BASE62) ** 30 > 2**160
    assert TOKEN.groupindex.keys() == {"prefix", "secret", "check"}


def test_every_scope_is_explained_and_named_as_oauth_allows() -> None:
    assert set(MEANING) == set(Scope)
    assert all(re.fullmatch(r"[!#-\[\]-~]+", scope) for scope in Scope)
    assert joined([Scope.CHAT, Scope.READ_PROFILE, Scope.CHAT]) == "read:profile chat"
