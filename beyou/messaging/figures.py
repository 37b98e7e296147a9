"""What statistics may know of messages: how many there were and in which mode, never what they say."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from beyou.messaging.models import Message, Mode


class Sent(NamedTuple):
    """Of one message: whether only its readers can read it, who sent it and where."""

    is_end_to_end: bool
    sender_id: UUID
    conversation_id: UUID


def sent(message_ids: Collection[UUID]) -> list[Sent]:
    """One statement; messages that are gone are missing."""
    rows = Message.objects.filter(id__in=message_ids).values_list("mode", "sender_id", "conversation_id")
    return [Sent(mode == Mode.END_TO_END, sender, conversation) for mode, sender, conversation in rows]
