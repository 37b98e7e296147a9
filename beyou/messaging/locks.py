"""Row locks, always taken in the order of the key, so that two writers cannot wait for each other."""

from collections.abc import Iterable
from uuid import UUID

from beyou.messaging.models import Conversation


def lock_conversations(conversation_ids: Iterable[UUID]) -> dict[UUID, Conversation]:
    """The conversations, locked until the transaction ends. One statement.

    SQLite has no row locks; there the transaction has locked the whole database at its beginning.
    """
    rows = Conversation.objects.select_for_update().filter(id__in=set(conversation_ids)).order_by("id")
    return {row.id: row for row in rows}
