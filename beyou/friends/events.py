"""Facts about friendships."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class FriendshipMade(Event):
    """Two members became friends."""

    first_id: UUID
    second_id: UUID


@dataclass(frozen=True)
class FriendshipEnded(Event):
    """Two members are friends no more."""

    first_id: UUID
    second_id: UUID
