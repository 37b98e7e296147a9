"""The server's own MAC is HMAC-SHA256, however it is computed, and nonces of a batch are all new."""

import hashlib
import hmac
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from beyou.core import keyring


@given(data=st.binary(max_size=300))
def test_a_mac_is_what_the_library_makes_of_the_same_key(data: bytes) -> None:
    from django.conf import settings

    for purpose in (b"stamp", b"other"):
        key = hmac.digest(settings.MAC_KEY, b"beyou/mac/1\0" + purpose, hashlib.sha256)
        assert keyring.mac(purpose, data) == hmac.digest(key, data, hashlib.sha256)
    assert keyring.mac(b"stamp", data) != keyring.mac(b"other", data)


def test_each_text_of_a_batch_has_a_nonce_of_its_own() -> None:
    made = keyring.nonces(1000)
    assert {len(nonce) for nonce in made} == {keyring.NONCE_BYTES}
    assert len(set(made)) == 1000
    assert keyring.nonces(0) == []


def test_a_text_sealed_with_a_given_nonce_opens_like_any_other() -> None:
    key: Any = bytes(range(32))
    (nonce,) = keyring.nonces(1)
    sealed = keyring.seal(key, b"text", b"row", nonce)
    assert sealed.startswith(nonce)
    assert keyring.open_sealed(key, sealed, b"row") == b"text"
