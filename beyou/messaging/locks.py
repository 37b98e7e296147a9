"""Row locks, always taken in the order of the key, so that two writers cannot wait for each other."""

from collections.abc import Iterable
from uuid import UUID

from beyou.core.bulk import Lookup
from beyou.messaging.models import Conversation

_LOCK = Lookup(
    lambda ids: (
        Conversation.objects.select_for_update()
        .filter(id__in=ids)
        .order_by("id")
        .values_list("id", "mode", "last_seq", "data_key")
    )
)


def lock_conversations(conversation_ids: Iterable[UUID]) -> dict[UUID, Conversation]:
    """The conversations, locked until the transaction ends. One statement.

    SQLite has no row locks; there the transaction has locked the whole database at its beginning.
    """
    return {
        key: Conversation(id=key, mode=mode, last_seq=last_seq, data_key=data_key)
        for key, mode, last_seq, data_key in _LOCK(conversation_ids)
    }
