"""Steps of orders: the bytes that their entries commit to, and in which order they may stand.

As pure as `format`, and held to the same vectors.
"""

import hmac
import struct
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self
from uuid import UUID

from beyou.ledger.format import DIGEST_SIZE, SALT_SIZE, FormatError

STEP_SIZE: Final = 100

_STEP: Final = struct.Struct(">BBH16s16s16sQQ32s")
_STEP_LABEL: Final = b"beyou/step/1\0"
_NOBODY: Final = bytes(16)


class Step(IntEnum):
    """What happened to a part of an order."""

    PLACED = 1
    PAID = 2
    SHIPPED = 3
    DELIVERED = 4
    REFUNDED = 5
    RATED = 6
    CORRECTED = 7
    CALLED_OFF = 8
    DISPUTED = 9
    SETTLED = 10
    CANCELLED = 11


class Actor(IntEnum):
    """Who took a step."""

    BUYER = 1
    SELLER = 2
    STAFF = 3
    GATEWAY = 4
    CLOCK = 5


@dataclass(frozen=True, slots=True)
class StepOpening:
    """What the entry of a step of an order commits to, 100 bytes encoded.

    ``number`` is dense from 1 within the part of the order, ``member`` whoever took the step, or None for
    the gateway, the clock and staff, ``document`` the SHA-256 of what was agreed or done, as JSON.
    """

    step: Step
    actor: Actor
    id: UUID
    part: UUID
    member: UUID | None
    number: int
    at_ms: int
    document: bytes
    flags: int = 0

    def encode(self) -> bytes:
        """The 100 bytes that the commitment authenticates. Raises FormatError."""
        if len(self.document) != DIGEST_SIZE:
            # The layout would cut or fill it.
            raise FormatError(f"document must be {DIGEST_SIZE} bytes, not {len(self.document)}")
        member = self.member.bytes if self.member else _NOBODY
        try:
            return _STEP.pack(
                *(self.step, self.actor, self.flags, self.id.bytes, self.part.bytes, member),
                *(self.number, self.at_ms, self.document),
            )
        except struct.error as error:
            raise FormatError(f"the opening of a step that cannot be encoded: {error}") from None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The opening of exactly these 100 bytes; raises FormatError for any other bytes."""
        if len(data) != STEP_SIZE:
            raise FormatError(f"the opening of a step has {STEP_SIZE} bytes, not {len(data)}")
        step, actor, flags, own, part, member, number, at_ms, document = _STEP.unpack(data)
        try:
            known = Step(step), Actor(actor)
        except ValueError:
            raise FormatError(f"unknown step {step} or actor {actor}") from None
        person = None if member == _NOBODY else UUID(bytes=member)
        return cls(*known, UUID(bytes=own), UUID(bytes=part), person, number, at_ms, document, flags)


def step_commitment(salt: bytes, opening: StepOpening) -> bytes:
    """The 32-byte value of the entry of a step. Its label keeps it apart from messages."""
    if len(salt) != SALT_SIZE:
        raise FormatError(f"a salt has {SALT_SIZE} bytes, not {len(salt)}")
    return hmac.digest(salt, _STEP_LABEL + opening.encode(), "sha256")


#: Of these one must stand before the step, unless it is the first.
_AFTER: Final = {
    Step.PAID: {Step.PLACED},
    Step.SHIPPED: {Step.PAID},
    Step.CORRECTED: {Step.SHIPPED},
    Step.DELIVERED: {Step.SHIPPED},
    Step.REFUNDED: {Step.PAID},
    Step.RATED: {Step.DELIVERED, Step.SETTLED},
    Step.CALLED_OFF: {Step.PAID},
    Step.DISPUTED: {Step.PAID},
    Step.SETTLED: {Step.DISPUTED},
    Step.CANCELLED: {Step.PLACED},
}
#: And these must not.
_NEVER_AFTER: Final = {
    Step.PLACED: {Step.PAID},
    Step.PAID: {Step.PAID},
    Step.SHIPPED: {Step.SHIPPED, Step.CALLED_OFF},
    Step.CALLED_OFF: {Step.SHIPPED, Step.CALLED_OFF},
    Step.CANCELLED: {Step.PAID},
}


def is_in_order(earlier: Collection[Step], step: Step) -> bool:
    """Whether a step may follow these steps of the same part."""
    seen = set(earlier)
    if Step.CANCELLED in seen or seen & _NEVER_AFTER.get(step, set()):
        return False
    return step is Step.PLACED or bool(seen & _AFTER[step])
