"""Fields sealed at rest are bound to their row and column."""

import pytest

from beyou.core import keyring


def test_a_field_opens_only_in_its_own_place() -> None:
    stored = keyring.seal_field("+46 8 123", table="users", column="phone", row_id=1)
    assert keyring.open_field(stored, table="users", column="phone", row_id=1) == "+46 8 123"
    assert (
        keyring.open_field(keyring.rewrap_field(stored), table="users", column="phone", row_id=1)
        == "+46 8 123"
    )
    for place in (("users", "phone", 2), ("users", "name", 1), ("keys", "phone", 1)):
        with pytest.raises(keyring.Undecryptable):
            keyring.open_field(stored, table=place[0], column=place[1], row_id=place[2])


def test_every_altered_byte_is_noticed() -> None:
    stored = keyring.seal_field("x", table="t", column="c", row_id=1)
    for position in range(len(stored)):
        altered = bytearray(stored)
        altered[position] ^= 1
        with pytest.raises(keyring.Undecryptable):
            keyring.open_field(bytes(altered), table="t", column="c", row_id=1)
