"""What happens to members that other apps want to know."""

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


@dataclass(frozen=True)
class EmailChanged(Event):
    """The member's address is another one now; `change_id` names both."""

    member_id: UUID
    change_id: UUID


@dataclass(frozen=True)
class RenameSettled(Event):
    """The staff have granted or refused another handle or name."""

    member_id: UUID
    rename_id: UUID
    is_granted: bool
