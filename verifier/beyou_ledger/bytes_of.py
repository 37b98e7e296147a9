"""The bytes of the ledger (docs/reference/ledger.md); integers are big-endian."""

import hashlib
import hmac
import struct
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

ENTRY_SIZE = 40
_SALT_SIZE = 32
MESSAGE, ERASURE, REMOVAL, GENESIS, KEY, ANCHOR, LINK, STEP = 1, 4, 5, 6, 7, 8, 9, 10
#: Why an entry was erased.
REASONS = {1: "its author erased their account"}
DOCUMENTS = frozenset({GENESIS, KEY, ANCHOR})
POW, POA = 1, 2
#: What happened to a part of an order, and who did it.
STEPS = {
    1: "placed", 2: "paid", 3: "shipped", 4: "delivered", 5: "refunded", 6: "rated", 7: "corrected",
    8: "called_off", 9: "disputed", 10: "settled", 11: "cancelled",
}  # fmt: skip
ACTORS = {1: "the buyer", 2: "the seller", 3: "staff", 4: "the payment gateway", 5: "the clock"}

_HEADER = struct.Struct(">4sHBBQQ32sQI32sQ32sQ")
_STEP = struct.Struct(">BBH16s16s16sQQ32s")
_REMOVAL = struct.Struct(">IQ32s32s")
_OPENING = struct.Struct(">BH16s16s16sQQQ32s32s32s")


class Malformed(ValueError):
    """Bytes that are not what they should be."""


class Header(NamedTuple):
    """A block header of 148 bytes."""

    consensus: int
    difficulty_bits: int
    number: int
    timestamp_ms: int
    prev_hash: bytes
    first_seq: int
    leaf_count: int
    data_hash: bytes
    tree_size: int
    tree_root: bytes
    nonce: int


class Opening(NamedTuple):
    """What a message entry commits to, 171 bytes."""

    mode: int
    flags: int
    message: UUID
    conversation: UUID
    sender: UUID
    number: int
    created_ms: int
    refers_to: int
    body: bytes
    signature: bytes
    media: bytes


class StepOpening(NamedTuple):
    """What the entry of a step commits to, 100 bytes; ``member`` is None for gateway, clock and staff."""

    step: str
    actor: str
    id: UUID
    part: UUID
    member: UUID | None
    number: int
    at_ms: int
    document: bytes


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def parse_entry(data: bytes) -> tuple[int, bytes]:
    """Kind and value. Raises Malformed."""
    if len(data) != ENTRY_SIZE or data[:4] != b"BYL1" or any(data[5:8]) or not 1 <= data[4] <= 10:
        raise Malformed("is not an entry")
    return data[4], data[8:]


def parse_header(data: bytes) -> Header:
    """Raises Malformed."""
    if len(data) != _HEADER.size:
        raise Malformed(f"has {len(data)} bytes, not {_HEADER.size}")
    magic, version, *fields = _HEADER.unpack(data)
    if (magic, version) != (b"BYBK", 1) or fields[0] not in (POW, POA):
        raise Malformed("is not a block header of version 1")
    return Header(*fields)


def parse_opening(data: bytes) -> Opening:
    """Raises Malformed."""
    if len(data) != _OPENING.size:
        raise Malformed(f"an opening has {_OPENING.size} bytes, not {len(data)}")
    mode, flags, message, conversation, sender, *rest = _OPENING.unpack(data)
    ids = (UUID(bytes=message), UUID(bytes=conversation), UUID(bytes=sender))
    return Opening(mode, flags, *ids, *rest)


def parse_step(data: bytes) -> StepOpening:
    """Raises Malformed."""
    if len(data) != _STEP.size:
        raise Malformed(f"the opening of a step has {_STEP.size} bytes, not {len(data)}")
    step, actor, flags, own, part, member, number, at_ms, document = _STEP.unpack(data)
    if step not in STEPS or actor not in ACTORS or flags:
        raise Malformed("is a step that this program does not know; a newer one may")
    person = UUID(bytes=member) if any(member) else None
    ids = (UUID(bytes=own), UUID(bytes=part), person)
    return StepOpening(STEPS[step], ACTORS[actor], *ids, number, at_ms, document)


def step_entry(salt: bytes, opening: bytes) -> bytes:
    """The entry that commits to this step under this salt. Raises Malformed."""
    return b"BYL1" + bytes([STEP, 0, 0, 0]) + _hidden(salt, b"beyou/step/1\0" + opening)


def _hidden(salt: bytes, said: bytes) -> bytes:
    # HMAC fills a shorter key with zeros, so that several salts would open one entry.
    if len(salt) != _SALT_SIZE:
        raise Malformed(f"has a salt of {len(salt)} bytes, not {_SALT_SIZE}")
    return hmac.digest(salt, said, "sha256")


def erasure_entry(seq: int, day: int, reason: int) -> bytes:
    """The entry that says: on this day since the epoch, entry ``seq`` was erased. Raises Malformed."""
    try:
        return b"BYL1\4\0\0\0" + sha256(b"beyou/erase/1\0" + struct.pack(">QIB", seq, day, reason))
    except struct.error as error:
        raise Malformed(f"is no erasure: {error}") from None


def erasure_order(origin: str, entry: bytes) -> bytes:
    """What the log's key signs for an erasure entry."""
    return b"beyou/erasure-order/1\0" + origin.encode() + b"\0" + entry[8:]


def removal_entry(salt: bytes, number: int, at_ms: int, target: bytes, words: str) -> bytes:
    """The entry that says: at this time the staff removed the message whose entry has this value (odd
    numbers) or put it back (even ones), and this is what stands in its place. Raises Malformed.
    """
    if len(target) != len(sha256(b"")):
        raise Malformed("is the removal of something that is no entry")
    try:
        opening = _REMOVAL.pack(number, at_ms, target, sha256(words.encode()))
    except struct.error as error:
        raise Malformed(f"is no removal: {error}") from None
    return b"BYL1" + bytes([REMOVAL, 0, 0, 0]) + _hidden(salt, b"beyou/removal/1\0" + opening)


def removal_order(origin: str, entry: bytes) -> bytes:
    """What the log's key signs for the entry of a removal."""
    return b"beyou/removal-order/1\0" + origin.encode() + b"\0" + entry[8:]


def moment_of(at_ms: int) -> str:
    """The time of milliseconds since the epoch, in words."""
    if at_ms >= 253_402_300_800_000:
        return f"{at_ms} ms"
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def date_of(day: int) -> str:
    """The date of a day since the epoch."""
    return str(date(1970, 1, 1) + timedelta(days=day)) if day < 2_000_000 else f"day {day}"


def message_entry(salt: bytes, opening: bytes, kind: int = MESSAGE) -> bytes:
    """The entry that commits to this opening under this salt. Raises Malformed."""
    value = _hidden(salt, b"beyou/commit/1\0" + opening)
    return b"BYL1" + bytes([kind, 0, 0, 0]) + value
