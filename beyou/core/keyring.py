"""Encryption at rest and server stamps; the only module that holds the instance's keys.

Rotation: put a new Fernet key first in BEYOU_ENCRYPTION_KEYS and re-wrap; data keys stay the same, so
bodies need no re-encryption.
"""

import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12


class Undecryptable(Exception):
    """The stored bytes were altered, or were written under another key or for another row."""


@lru_cache(maxsize=1)
def _ring() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def new_data_key() -> tuple[bytes, bytes]:
    """A fresh 32-byte AES key and the same key wrapped for storage."""
    key = secrets.token_bytes(32)
    return key, _ring().encrypt(key)


@lru_cache(maxsize=4096)
def unwrap_data_key(wrapped: bytes) -> bytes:
    """Raises `Undecryptable` when no key of the ring opens it."""
    try:
        return _ring().decrypt(wrapped)
    except InvalidToken as error:
        raise Undecryptable("data key") from error


def rewrap_data_key(wrapped: bytes) -> bytes:
    """The same data key under the newest key of the ring."""
    try:
        return _ring().rotate(wrapped)
    except InvalidToken as error:
        raise Undecryptable("data key") from error


@lru_cache(maxsize=4096)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def seal(key: bytes, plaintext: bytes, context: bytes, nonce: bytes | None = None) -> bytes:
    """nonce[12] ‖ AES-256-GCM ciphertext and tag. `context` binds it to its row and column.

    Who seals many texts at once gives nonces of `nonces`.
    """
    nonce = secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce
    return nonce + _cipher(key).encrypt(nonce, plaintext, context)


def nonces(count: int) -> list[bytes]:
    """So many random nonces by one call of the system."""
    random = secrets.token_bytes(count * NONCE_BYTES)
    return [random[begin : begin + NONCE_BYTES] for begin in range(0, len(random), NONCE_BYTES)]


def open_sealed(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Raises `Undecryptable` when any bit, the key or the context differs."""
    try:
        return _cipher(key).decrypt(bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:]), context)
    except (InvalidTag, ValueError) as error:
        raise Undecryptable("body") from error


_INNER, _OUTER = bytes(value ^ 0x36 for value in range(256)), bytes(value ^ 0x5C for value in range(256))


@lru_cache(maxsize=64)
def _mac_states(purpose: bytes) -> tuple[Any, Any]:
    """HMAC's two hashes with the key already in them (RFC 2104 §4): a key is used for many messages."""
    key = hmac.digest(settings.MAC_KEY, b"beyou/mac/1\0" + purpose, hashlib.sha256).ljust(64, b"\0")
    return hashlib.sha256(key.translate(_INNER)), hashlib.sha256(key.translate(_OUTER))


def mac(purpose: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 under a key that serves only this purpose."""
    inner, outer = (state.copy() for state in _mac_states(purpose))
    inner.update(data)
    outer.update(inner.digest())
    result: bytes = outer.digest()
    return result


def _field_context(table: str, column: str, row_id: object) -> bytes:
    return f"beyou/field/1\0{table}\0{column}\0{row_id}".encode()


def seal_field(text: str, *, table: str, column: str, row_id: object) -> bytes:
    """The text under a data key of its own, bound to row and column: len(wrapped)[2] ‖ wrapped ‖ sealed."""
    key, wrapped = new_data_key()
    sealed = seal(key, text.encode(), _field_context(table, column, row_id))
    return len(wrapped).to_bytes(2, "big") + wrapped + sealed


def open_field(stored: bytes, *, table: str, column: str, row_id: object) -> str:
    """Raises `Undecryptable` when the bytes were altered or stood in another row or column."""
    stored = bytes(stored)
    length = int.from_bytes(stored[:2], "big")
    key = unwrap_data_key(stored[2 : 2 + length])
    return open_sealed(key, stored[2 + length :], _field_context(table, column, row_id)).decode()


def rewrap_field(stored: bytes) -> bytes:
    """The same field with its data key under the newest key of the ring. Raises `Undecryptable`."""
    stored = bytes(stored)
    length = int.from_bytes(stored[:2], "big")
    wrapped = rewrap_data_key(stored[2 : 2 + length])
    return len(wrapped).to_bytes(2, "big") + wrapped + stored[2 + length :]
