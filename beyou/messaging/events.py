"""Facts about conversations."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class ConversationStarted(Event):
    conversation_id: UUID
    starter_id: UUID


@dataclass(frozen=True)
class MessageSent(Event):
    """A message was accepted and committed."""

    message_id: UUID
    conversation_id: UUID
    sender_id: UUID
    seq: int
