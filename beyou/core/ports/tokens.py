"""Whom a token speaks for. Sockets ask here, since core knows neither members nor tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Bearer:
    """The member of a usable token; `room` is closed when the token ends."""

    member_id: UUID
    room: str
    may_chat: bool


def _nobody(text: str) -> Bearer | None:
    return None


_identify: Callable[[str], Bearer | None] = _nobody


def use(identify: Callable[[str], Bearer | None]) -> None:
    """Makes the function the one that `bearer_of` asks."""
    global _identify
    _identify = identify


def bearer_of(text: str) -> Bearer | None:
    """Whom the token with this text speaks for, or None when it opens nothing."""
    return _identify(text)
