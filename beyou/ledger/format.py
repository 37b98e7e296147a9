"""The bytes of the ledger: entries, openings, commitments and block headers.

Nothing here reads a clock, a setting or a database, so a browser, an offline
checker and this server can all be held to the same vectors
(``tests/vectors/ledger.json``). Every integer is big-endian.
"""

import hashlib
import struct
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Self
from uuid import UUID

DIGEST_SIZE: Final = 32
ENTRY_SIZE: Final = 40
OPENING_SIZE: Final = 171
HEADER_SIZE: Final = 148
SALT_SIZE: Final = 32
ZEROS: Final = bytes(DIGEST_SIZE)
NO_REFERENCE: Final = 2**64 - 1

_ENTRY: Final = struct.Struct(">4sB3x32s")
_OPENING: Final = struct.Struct(">BH16s16s16sQQQ32s32s32s")
_HEADER: Final = struct.Struct(">4sHBBQQ32sQI32sQ32sQ")
_NONCE_OFFSET: Final = HEADER_SIZE - 8
_ENTRY_MAGIC: Final = b"BYL1"
_HEADER_MAGIC: Final = b"BYBK"
_HEADER_VERSION: Final = 1
_COMMIT_LABEL: Final = b"beyou/commit/1\0"
_INNER: Final = bytes(value ^ 0x36 for value in range(256))
_OUTER: Final = bytes(value ^ 0x5C for value in range(256))
_INNER_REST: Final = b"\x36" * (64 - SALT_SIZE)
_OUTER_REST: Final = b"\x5c" * (64 - SALT_SIZE)
_ERASE_LABEL: Final = b"beyou/erase/1\0"
_ORDER_LABEL: Final = b"beyou/erasure-order/1\0"


class FormatError(ValueError):
    """Bytes or values that are not a well-formed part of the ledger."""


class Kind(IntEnum):
    """What the 32-byte value of an entry stands for."""

    MESSAGE = 1
    EDIT = 2
    DELETE = 3
    ERASURE = 4
    REMOVAL = 5
    GENESIS = 6
    KEY = 7
    ANCHOR = 8
    LINK = 9
    STEP = 10


class Mode(IntEnum):
    """Who can read the body of a message."""

    STANDARD = 1
    END_TO_END = 2


class Reason(IntEnum):
    """Why a leaf was erased."""

    ACCOUNT = 1  # Whoever wrote it erased their account.


class Consensus(IntEnum):
    """By what right a block was appended."""

    POW = 1
    POA = 2


def _require_digest(name: str, value: bytes) -> None:
    if len(value) != DIGEST_SIZE:
        raise FormatError(f"{name} must be {DIGEST_SIZE} bytes, not {len(value)}")


def _require_range(name: str, value: int, bits: int) -> None:
    if not 0 <= value < 2**bits:
        raise FormatError(f"{name} must fit in {bits} bits, not {value}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf of the log: a kind and a 32-byte value, 40 bytes encoded."""

    kind: Kind
    value: bytes

    def encode(self) -> bytes:
        """The 40 bytes that are hashed into the tree."""
        _require_digest("entry value", self.value)
        return _ENTRY.pack(_ENTRY_MAGIC, self.kind, self.value)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The entry of exactly these 40 bytes; raises FormatError for any other bytes."""
        if len(data) != ENTRY_SIZE:
            raise FormatError(f"an entry has {ENTRY_SIZE} bytes, not {len(data)}")
        magic, kind, value = _ENTRY.unpack(data)
        if magic != _ENTRY_MAGIC or data[5:8] != b"\0\0\0":
            raise FormatError("an entry begins with BYL1, a kind and three zero bytes")
        try:
            return cls(Kind(kind), value)
        except ValueError:
            raise FormatError(f"unknown entry kind {kind}") from None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a message commitment commits to, 171 bytes encoded.

    ``body`` is SHA-256(header ‖ SHA-256(body)) of the envelope, ``signature``
    SHA-256 of the envelope signature or zeros, ``created_ms`` milliseconds since
    the epoch, and ``conv_seq`` the dense number in the conversation, from 1.
    """

    mode: Mode
    message: UUID
    conversation: UUID
    sender: UUID
    conv_seq: int
    created_ms: int
    body: bytes
    signature: bytes = ZEROS
    media: bytes = ZEROS
    ref_seq: int = NO_REFERENCE
    flags: int = 0

    def encode(self) -> bytes:
        """The 171 bytes that the commitment authenticates."""
        # The layout refuses numbers that do not fit, but would cut or fill digests of another length.
        if not len(self.body) == len(self.signature) == len(self.media) == DIGEST_SIZE:
            for name in ("body", "signature", "media"):
                _require_digest(name, getattr(self, name))
        try:
            return _OPENING.pack(
                self.mode,
                self.flags,
                self.message.bytes,
                self.conversation.bytes,
                self.sender.bytes,
                self.conv_seq,
                self.created_ms,
                self.ref_seq,
                self.body,
                self.signature,
                self.media,
            )
        except struct.error as error:
            for name in ("conv_seq", "created_ms", "ref_seq"):
                _require_range(name, getattr(self, name), 64)
            _require_range("flags", self.flags, 16)
            raise FormatError(f"an opening that cannot be encoded: {error}") from None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The opening of exactly these 171 bytes; raises FormatError for any other bytes."""
        if len(data) != OPENING_SIZE:
            raise FormatError(f"an opening has {OPENING_SIZE} bytes, not {len(data)}")
        mode, flags, message, conversation, sender, seq, created, ref, body, signature, media = (
            _OPENING.unpack(data)
        )
        try:
            known_mode = Mode(mode)
        except ValueError:
            raise FormatError(f"unknown message mode {mode}") from None
        return cls(
            known_mode,
            UUID(bytes=message),
            UUID(bytes=conversation),
            UUID(bytes=sender),
            seq,
            created,
            body,
            signature,
            media,
            ref,
            flags,
        )


def commitment(salt: bytes, opening: Opening) -> bytes:
    """The 32-byte value of a message entry: it hides the opening until the salt is known."""
    if len(salt) != SALT_SIZE:
        raise FormatError(f"a salt has {SALT_SIZE} bytes, not {len(salt)}")
    # HMAC by its two hashes (RFC 2104): the library's gives the interpreter away for each of them.
    inner = hashlib.sha256(salt.translate(_INNER) + _INNER_REST + _COMMIT_LABEL + opening.encode())
    return hashlib.sha256(salt.translate(_OUTER) + _OUTER_REST + inner.digest()).digest()


def erasure_value(seq: int, day: int, reason: int) -> bytes:
    """The value of an erasure entry: the erased leaf, the day since the epoch and the reason.

    Raises FormatError for numbers that have no place in it.
    """
    for name, number, bits in (("seq", seq, 64), ("day", day, 32), ("reason", reason, 8)):
        _require_range(name, number, bits)
    return hashlib.sha256(_ERASE_LABEL + struct.pack(">QIB", seq, day, reason)).digest()


def erasure_order(origin: str, value: bytes) -> bytes:
    """What the log's key signs for an erasure: the name of the log and the value of the erasure entry.

    Whoever can only write to the database cannot make this signature, and so cannot pass off as erased
    what was cut out.
    """
    _require_digest("erasure value", value)
    return _ORDER_LABEL + origin.encode() + b"\0" + value


def document_value(document: bytes) -> bytes:
    """The value of an entry that stands for a stored document."""
    return hashlib.sha256(document).digest()


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """The 148 bytes that link one block to the previous one and to the whole log.

    ``data_hash`` is the Merkle root of this block's own leaves; ``tree_root`` is
    the root of all ``tree_size`` leaves, this block's included.
    """

    consensus: Consensus
    difficulty_bits: int
    index: int
    timestamp_ms: int
    prev_hash: bytes
    first_seq: int
    leaf_count: int
    data_hash: bytes
    tree_size: int
    tree_root: bytes
    nonce: int = 0

    def encode(self) -> bytes:
        """The bytes that are hashed and linked."""
        for name in ("prev_hash", "data_hash", "tree_root"):
            _require_digest(name, getattr(self, name))
        for name in ("index", "timestamp_ms", "first_seq", "tree_size", "nonce"):
            _require_range(name, getattr(self, name), 64)
        _require_range("leaf_count", self.leaf_count, 32)
        _require_range("difficulty_bits", self.difficulty_bits, 8)
        return _HEADER.pack(
            _HEADER_MAGIC,
            _HEADER_VERSION,
            self.consensus,
            self.difficulty_bits,
            self.index,
            self.timestamp_ms,
            self.prev_hash,
            self.first_seq,
            self.leaf_count,
            self.data_hash,
            self.tree_size,
            self.tree_root,
            self.nonce,
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The header of exactly these 148 bytes; raises FormatError for any other bytes."""
        if len(data) != HEADER_SIZE:
            raise FormatError(f"a block header has {HEADER_SIZE} bytes, not {len(data)}")
        magic, version, consensus, *rest = _HEADER.unpack(data)
        if magic != _HEADER_MAGIC or version != _HEADER_VERSION:
            raise FormatError("a block header begins with BYBK and version 1")
        try:
            return cls(Consensus(consensus), *rest)
        except ValueError:
            raise FormatError(f"unknown consensus {consensus}") from None

    def hash(self) -> bytes:
        """SHA-256 of the header: the identity of the block."""
        return hashlib.sha256(self.encode()).digest()

    def mined(self, start: int = 0) -> tuple[Self, int]:
        """The header with the first nonce from ``start`` that meets its difficulty, and the tries it took."""
        encoded = self.encode()
        midstate = hashlib.sha256(encoded[:_NONCE_OFFSET])
        limit = 1 << (256 - self.difficulty_bits)
        nonce = start
        while True:
            attempt = midstate.copy()
            attempt.update(nonce.to_bytes(8, "big"))
            if int.from_bytes(attempt.digest(), "big") < limit:
                return replace(self, nonce=nonce), nonce - start + 1
            nonce += 1

    def meets_difficulty(self) -> bool:
        """Whether the hash begins with ``difficulty_bits`` zero bits."""
        return int.from_bytes(self.hash(), "big") < 1 << (256 - self.difficulty_bits)
