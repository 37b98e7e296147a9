"""Whether members may say of themselves what they wrote. Profiles stand below the app that watches words, and
ask here.
"""

from collections.abc import Callable
from uuid import UUID


class TextRefused(Exception):
    """The text must not be stored. What it holds is a sentence for whoever wrote it."""


_reader: Callable[[UUID, str], str] | None = None


def use(reader: Callable[[UUID, str], str] | None) -> None:
    """Makes the reader the one that is asked."""
    global _reader
    _reader = reader


def read(member_id: UUID, text: str) -> str:
    """The text as it may be stored. Call it in the transaction that stores it. Raises `TextRefused`."""
    return _reader(member_id, text) if _reader is not None else text
