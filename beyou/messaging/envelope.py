"""The message envelope "BYE1": exact bytes, and the checks a server makes before it stores one.

An envelope is a 256-byte header, a body, a signature and one wrapped secret per key set of the roster.
The bytes are stored and verified as received and never serialised again. Integers are big-endian,
times are milliseconds since the epoch. Suite 0x0000 is readable by the server and unsigned; suite
0x0001 is sealed with AES-256-GCM, RSA-OAEP and RSA-PSS (3,072 or 4,096 bits, SHA-256).
Making and opening envelopes is in ``sealing.py``. Pure: no Django, clock or I/O.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import ClassVar
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

MAGIC = b"BYE1"
HEADER_LENGTH = 256
SUITE_STANDARD = 0x0000
SUITE_RSA = 0x0001
KIND_TEXT = 1
KINDS = range(1, 6)  # text, control, edit, delete, reaction
ZERO16 = UUID(int=0)
ZERO32 = bytes(32)
TAG_LENGTH = 16
PAYLOAD_MINIMUM = 256
TEXT_LIMIT = 65_536
CLOCK_WINDOW_MS = 10 * 60 * 1000
WRAP_LENGTHS = (384, 512)

_LAYOUT = struct.Struct(">4sHBB32s16s16s16s16s32sQ32sQ32sQ32s")
_PSS = PSS(mgf=MGF1(SHA256()), salt_length=32)
_SHA256 = SHA256()
_JSON_FRAME = len(b'{"text":""}')


class EnvelopeError(ValueError):
    """An envelope that is refused. ``code`` is the API's, ``field`` names what is wrong."""

    code: ClassVar[str] = "bad_envelope"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class BadSignature(EnvelopeError):
    """The signature does not belong to these bytes and this key."""

    code = "bad_signature"


class RosterChanged(EnvelopeError):
    """The header was made for another list of recipients than the present one."""

    code = "roster_changed"


class CounterConflict(EnvelopeError):
    """The counter or the link to the previous message is not the one that comes next."""

    code = "counter_conflict"


class ClockSkew(EnvelopeError):
    """The sender's clock is more than ``CLOCK_WINDOW_MS`` away from the server's."""

    code = "clock_skew"


class BodyTooLong(EnvelopeError):
    """The body cannot come from a text within the limit."""

    code = "too_long"


@dataclass(frozen=True, slots=True)
class Header:
    """The 256 signed bytes of an envelope as values; ``encode`` and ``parse`` are inverse."""

    suite: int
    kind: int
    flags: int
    origin_hash: bytes
    conversation: UUID
    message: UUID
    sender: UUID
    device: UUID
    sig_key_id: bytes
    roster_version: int
    roster_hash: bytes
    counter: int
    prev: bytes
    created_ms: int
    commitment: bytes

    @classmethod
    def parse(cls, data: bytes) -> Header:
        """Reads a header of any known suite and kind; raises ``EnvelopeError`` naming the field."""
        if len(data) != HEADER_LENGTH:
            raise EnvelopeError("header", f"is {len(data)} bytes long, not {HEADER_LENGTH}")
        magic, suite, kind, flags, origin, *ids, key, version, roster, counter, prev, created, commitment = (
            _LAYOUT.unpack(data)
        )
        if magic != MAGIC:
            raise EnvelopeError("magic", "is not BYE1")
        if suite not in (SUITE_STANDARD, SUITE_RSA):
            raise EnvelopeError("suite", f"{suite:#06x} is not known here")
        if kind not in KINDS:
            raise EnvelopeError("kind", f"{kind} is not known here")
        if flags != 0:
            raise EnvelopeError("flags", "must be 0")
        conversation, message, sender, device = (UUID(bytes=value) for value in ids)
        return cls(
            suite, kind, flags, origin, conversation, message, sender, device,
            key, version, roster, counter, prev, created, commitment,
        )  # fmt: skip

    def encode(self) -> bytes:
        """The 256 bytes; raises ``EnvelopeError`` when a value does not fit its field."""
        for field in ("origin_hash", "sig_key_id", "roster_hash", "prev", "commitment"):
            if len(getattr(self, field)) != 32:
                raise EnvelopeError(field, "is not 32 bytes long")
        ids = (self.conversation, self.message, self.sender, self.device)
        try:
            return _LAYOUT.pack(
                MAGIC, self.suite, self.kind, self.flags, self.origin_hash, *(each.bytes for each in ids),
                self.sig_key_id, self.roster_version, self.roster_hash, self.counter, self.prev,
                self.created_ms, self.commitment,
            )  # fmt: skip
        except struct.error as error:
            raise EnvelopeError("header", str(error)) from error


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One recipient: a member's key set (``device``) and the id of its encryption key (32 bytes)."""

    user: UUID
    device: UUID
    encrypt_key_id: bytes


@dataclass(frozen=True, slots=True)
class Wrap:
    """The message secret, encrypted to one key set (``device``)."""

    device: UUID
    key_id: bytes
    wrap: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """What the server knows and the header must say.

    ``counter`` and ``prev`` are those of the next message: one more than the last accepted counter of
    this device in this conversation, and the ``chain_digest`` of that message (zeros for the first).
    """

    origin_hash: bytes
    conversation: UUID
    message: UUID
    sender: UUID
    device: UUID
    sig_key_id: bytes
    roster_version: int
    roster_hash: bytes
    counter: int
    prev: bytes
    now_ms: int


def origin_hash(origin: str) -> bytes:
    """SHA-256 of the instance's public origin, such as ``https://example.org``."""
    return sha256(origin.encode()).digest()


def roster_hash(entries: Iterable[RosterEntry]) -> bytes:
    """SHA-256 of the sorted ``user ‖ key set ‖ encryption key id`` of all recipients."""
    rows = sorted(entry.user.bytes + entry.device.bytes + entry.encrypt_key_id for entry in entries)
    return sha256(b"".join(rows)).digest()


def wrap_label(header: bytes, device: UUID, encrypt_key_id: bytes) -> bytes:
    """The OAEP label that binds a wrapped secret to one header and one key set (32 bytes)."""
    return sha256(b"BYE1 wrap" + sha256(header).digest() + device.bytes + encrypt_key_id).digest()


def body_digest(header: bytes, body: bytes) -> bytes:
    """SHA-256(header ‖ SHA-256(body)): the ledger's view of a message and the next message's ``prev``."""
    return sha256(header + sha256(body).digest()).digest()


def signed_bytes(header: bytes, body: bytes) -> bytes:
    """What the sender signs with RSA-PSS."""
    return b"BYE1 signature\0" + header + sha256(body).digest()


@lru_cache(maxsize=8192)
def _public_key(spki: bytes) -> RSAPublicKey:
    # Loading a key costs more than verifying with it, and senders repeat.
    key = load_der_public_key(spki)
    if not isinstance(key, RSAPublicKey):
        raise TypeError("not an RSA key")
    return key


def verify_signature(*, header: bytes, body: bytes, signature: bytes, sign_spki: bytes) -> None:
    """Returns when ``signature`` is the key's RSA-PSS-SHA256 (salt 32) over this envelope.

    Raises ``BadSignature`` otherwise, also for a key that cannot be read.
    """
    try:
        _public_key(sign_spki).verify(signature, signed_bytes(header, body), _PSS, _SHA256)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise BadSignature("signature", "does not match the envelope and the sender's key") from error


def payload_size(length: int) -> int:
    """The padded size of a payload with ``length`` bytes of JSON: a power of two, at least 256."""
    return max(PAYLOAD_MINIMUM, 1 << (length + 3).bit_length())


def body_limit(text_limit: int = TEXT_LIMIT) -> int:
    """The longest sealed body that a text of ``text_limit`` UTF-8 bytes may give."""
    return payload_size(text_limit + _JSON_FRAME) + TAG_LENGTH


def check_body(body: bytes, *, text_limit: int = TEXT_LIMIT) -> None:
    """Raises unless a sealed body has one of the padded lengths, so that its length tells little."""
    if len(body) > body_limit(text_limit):
        raise BodyTooLong("body", f"is longer than {body_limit(text_limit)} bytes")
    padded = len(body) - TAG_LENGTH
    if padded < PAYLOAD_MINIMUM or padded & (padded - 1):
        raise EnvelopeError("body", "is not padded to a power of two")


def check_header(header: Header, expected: Expected) -> None:
    """Raises the most telling ``EnvelopeError`` unless a sealed header says what the server expects.

    Identity comes first, then the roster, then the chain: a client that has to refresh its roster
    learns that before it learns of a counter it would choose anew anyway.
    """
    if header.suite != SUITE_RSA:
        raise EnvelopeError("suite", "must be 0x0001 in an end-to-end conversation")
    if header.kind != KIND_TEXT:
        raise EnvelopeError("kind", "must be 1 (text)")
    for field in ("origin_hash", "conversation", "message", "sender", "device", "sig_key_id"):
        if getattr(header, field) != getattr(expected, field):
            raise EnvelopeError(field, "does not belong to this message")
    if (header.roster_version, header.roster_hash) != (expected.roster_version, expected.roster_hash):
        raise RosterChanged("roster_hash", "the recipients' keys have changed")
    if header.counter != expected.counter:
        raise CounterConflict("counter", f"must be {expected.counter}")
    if header.prev != expected.prev:
        raise CounterConflict("prev", "does not link to this device's previous message")
    if abs(header.created_ms - expected.now_ms) > CLOCK_WINDOW_MS:
        raise ClockSkew("created_ms", "is more than 10 minutes away from the server's clock")


def check_wraps(wraps: Sequence[Wrap], roster: Sequence[RosterEntry]) -> None:
    """Raises unless there is exactly one well-formed wrap per roster entry: nobody left out, nobody added."""
    offered = sorted((wrap.device.bytes, wrap.key_id) for wrap in wraps)
    wanted = sorted((entry.device.bytes, entry.encrypt_key_id) for entry in roster)
    if offered != wanted:
        raise EnvelopeError("wraps", "are not exactly those of the roster")
    if any(len(wrap.wrap) not in WRAP_LENGTHS for wrap in wraps):
        raise EnvelopeError("wraps", "have a length that no accepted key produces")


def check_envelope(
    *,
    header: bytes,
    body: bytes,
    signature: bytes,
    wraps: Sequence[Wrap],
    expected: Expected,
    roster: Sequence[RosterEntry],
    sign_spki: bytes,
    text_limit: int = TEXT_LIMIT,
) -> Header:
    """All checks of a sealed envelope, the costly signature last; returns the parsed header.

    Raises a subclass of ``EnvelopeError`` and leaves nothing behind. ``sign_spki`` is the sender's
    active signing key, whose id is ``expected.sig_key_id``.
    """
    parsed = Header.parse(header)
    check_body(body, text_limit=text_limit)
    check_header(parsed, expected)
    check_wraps(wraps, roster)
    verify_signature(header=header, body=body, signature=signature, sign_spki=sign_spki)
    return parsed


def standard_header(
    *, origin: str, conversation: UUID, message: UUID, sender: UUID, created_ms: int
) -> bytes:
    """The header the server makes for a message it can read (suite 0x0000): no keys, chain or roster."""
    return _LAYOUT.pack(
        MAGIC, SUITE_STANDARD, KIND_TEXT, 0, origin_hash(origin),
        conversation.bytes, message.bytes, sender.bytes, ZERO16.bytes,
        ZERO32, 0, ZERO32, 0, ZERO32, created_ms, ZERO32,
    )  # fmt: skip
