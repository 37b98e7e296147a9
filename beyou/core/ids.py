"""Identifiers: UUIDv7, whose order is their age, so that index pages fill from one end."""

import datetime as dt
import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """A new UUID version 7: 48 bits of Unix milliseconds, 12 bits of the fraction of a millisecond (RFC 9562
    §6.2, method 3), 62 random bits. Those of one process are in the order in which they were made.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = (
        (milliseconds << 80)
        | (0x7 << 76)
        | ((rest * 4096 // 1_000_000) << 64)
        | (0b10 << 62)
        | secrets.randbits(62)
    )
    return UUID(int=value)


def first_at(moment: dt.datetime) -> UUID:
    """The least UUIDv7 of that moment: those that were made before are less."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (0x7 << 76) | (0b10 << 62))


def is_uuid7(value: UUID) -> bool:
    return value.version == 7
