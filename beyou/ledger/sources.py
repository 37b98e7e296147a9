"""The port through which the ledger sees what its message entries should say.

The app that stores messages supplies the one source; the ledger never imports that app.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from beyou.ledger.format import Opening


class MessageSource(Protocol):
    """Reads of stored messages, each in a fixed number of queries."""

    def openings(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Opening]:
        """The openings of these messages, computed from the rows as they are stored now.

        A message that is not stored is absent. A body that cannot be decrypted any more still has
        an opening, with a body digest that fits nothing.
        """
        ...

    def message_ids(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """The ids of stored messages greater than ``after``, ascending, at most ``limit``."""
        ...


_source: MessageSource | None = None


def use(source: MessageSource | None) -> MessageSource | None:
    """Make this the source that verification asks; returns the one before it."""
    global _source
    before, _source = _source, source
    return before


def current() -> MessageSource | None:
    """The source, or None where no app stores messages."""
    return _source
