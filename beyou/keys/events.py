"""Facts about keys. Key ids are hexadecimal SHA-256 of the SPKI."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class KeyPublished(Event):
    """A member's new key set is the active one. The ledger records it (kind 7)."""

    member_id: UUID
    key_set: UUID
    encrypt_key_id: str
    sign_key_id: str


@dataclass(frozen=True)
class KeyRevoked(Event):
    """A key set was replaced: nothing new may be signed with it or sealed to it."""

    member_id: UUID
    key_set: UUID
    encrypt_key_id: str
    sign_key_id: str
