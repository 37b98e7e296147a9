"""Large files encrypted at rest, written and read as streams: STREAM with AES-256-GCM in chunks of 64 KiB.

`BYX1` ‖ nonce prefix (7 bytes), then for each chunk its ciphertext and tag. The nonce of a chunk is
prefix ‖ number u32 ‖ 1 for the last one, else 0, so that no chunk can be dropped, moved or cut off.
"""

import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from beyou.core.keyring import Undecryptable

_MAGIC = b"BYX1"
_PREFIX = 7
_CHUNK = 64 * 1024
_TAG = 16


class SealedWriter(io.RawIOBase):
    """A stream that cannot seek; what is written stands encrypted in the file once `close` has returned.

    `context` binds the bytes to what they are. Nobody but this process's user can read the file.
    """

    def __init__(self, path: Path, key: bytes, context: bytes) -> None:
        super().__init__()
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file: IO[bytes] = os.fdopen(number, "wb")
        self._cipher, self._context = AESGCM(key), context
        self._prefix, self._number, self._rest = secrets.token_bytes(_PREFIX), 0, bytearray()
        self.size = 0
        self._file.write(_MAGIC + self._prefix)

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]  # any buffer
        self._rest += data
        self.size += len(data)
        # The last chunk is known only at the end, so one is always held back.
        while len(self._rest) > _CHUNK:
            self._put(bytes(self._rest[:_CHUNK]), is_last=False)
            del self._rest[:_CHUNK]
        return len(data)

    def close(self) -> None:
        """The file is whole and on disk."""
        if self.closed:
            return
        self._put(bytes(self._rest), is_last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        super().close()

    def abandon(self) -> None:
        """The file stays without its end, so that nothing takes it for whole."""
        self._file.close()
        super().close()

    def _put(self, chunk: bytes, *, is_last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, is_last=is_last)
        self._file.write(self._cipher.encrypt(nonce, chunk, self._context))
        self._number += 1


def read_sealed(path: Path, key: bytes, context: bytes) -> Iterator[bytes]:
    """The bytes of the file, chunk by chunk, each checked before it is given. Raises `Undecryptable` for a
    file that was altered or cut off, and `FileNotFoundError`.
    """
    cipher = AESGCM(key)
    with path.open("rb") as file:
        head = file.read(len(_MAGIC) + _PREFIX)
        if head[: len(_MAGIC)] != _MAGIC:
            raise Undecryptable("file")
        prefix, number, chunk = head[len(_MAGIC) :], 0, file.read(_CHUNK + _TAG)
        while chunk:
            following = file.read(_CHUNK + _TAG)
            try:
                yield cipher.decrypt(_nonce(prefix, number, is_last=not following), chunk, context)
            except InvalidTag as error:
                raise Undecryptable("file") from error
            number, chunk = number + 1, following
        if not number:
            raise Undecryptable("file")


def _nonce(prefix: bytes, number: int, *, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([is_last])
