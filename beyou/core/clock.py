"""The one clock. Tests move it; nothing else in the package asks the system for the time of day."""

import datetime as dt
import time

_offset_ms = 0


def now_ms() -> int:
    """Milliseconds since the Unix epoch, UTC."""
    return time.time_ns() // 1_000_000 + _offset_ms


def now() -> dt.datetime:
    """Aware UTC."""
    return from_ms(now_ms())


def from_ms(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, tz=dt.UTC)


def shift(milliseconds: int) -> None:
    """Moves the clock of this process by so much from the true time; 0 puts it right. For tests."""
    global _offset_ms
    _offset_ms = milliseconds
