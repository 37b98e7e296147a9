"""Removals of messages by the staff: what their entries commit to. As pure as `format`.

A removal destroys nothing that the ledger needs: the entry of the message, its salt and what it commits to
stay, so that everybody can still prove that the message was sent, and it can come back. The log tells nothing
of which message was removed or why: its entries of kind 5 hold salted commitments alone.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final

from beyou.ledger.format import DIGEST_SIZE, SALT_SIZE, FormatError

REMOVAL_SIZE: Final = 76
_OPENING: Final = struct.Struct(">IQ32s32s")
_LABEL: Final = b"beyou/removal/1\0"
_ORDER_LABEL: Final = b"beyou/removal-order/1\0"


@dataclass(frozen=True, slots=True)
class RemovalOpening:
    """What one removal says, or its taking back, 76 bytes encoded.

    ``number`` is dense from 1 for each message: odd numbers remove it, even ones put it back. ``target`` is
    the value of the message's own entry, and ``words`` what its members read in its place.
    """

    number: int
    at_ms: int
    target: bytes
    words: str

    def encode(self) -> bytes:
        """The bytes that the commitment authenticates. Raises FormatError."""
        if len(self.target) != DIGEST_SIZE:
            raise FormatError(f"the entry's value has {DIGEST_SIZE} bytes, not {len(self.target)}")
        try:
            digest = hashlib.sha256(self.words.encode()).digest()
            return _OPENING.pack(self.number, self.at_ms, self.target, digest)
        except struct.error as error:
            raise FormatError(f"a removal that cannot be encoded: {error}") from None


def removes(number: int) -> bool:
    """Whether the message is removed after the step with this number; it is not before the first."""
    return number % 2 == 1


def removal_value(salt: bytes, opening: RemovalOpening) -> bytes:
    """The value of the entry that seals it. Raises FormatError."""
    if len(salt) != SALT_SIZE:
        raise FormatError(f"a salt has {SALT_SIZE} bytes, not {len(salt)}")
    return hmac.digest(salt, _LABEL + opening.encode(), "sha256")


def removal_order(origin: str, value: bytes) -> bytes:
    """What the log's key signs: the name of the log and the value of the entry.

    Whoever can only write to the database cannot make this signature, and so cannot pass off as removed by
    the staff what was cut out.
    """
    if len(value) != DIGEST_SIZE:
        raise FormatError(f"the entry's value has {DIGEST_SIZE} bytes, not {len(value)}")
    return _ORDER_LABEL + origin.encode() + b"\0" + value
