"""Facts about blocks."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class UserBlocked(Event):
    """One member does not want to hear of the other any more."""

    blocker_id: UUID
    blocked_id: UUID
