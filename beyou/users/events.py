"""Facts about accounts."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class AccessTokenCreated(Event):
    """A member made a key for a program."""

    member_id: UUID
    token_id: UUID


@dataclass(frozen=True)
class AccessTokenRevoked(Event):
    """A key for a program opens nothing any more."""

    member_id: UUID
    token_id: UUID
