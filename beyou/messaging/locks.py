"""Row locks, always taken in the order of the key, so that two writers cannot wait for each other."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from beyou.core.bulk import Lookup, Row, rows_of
from beyou.messaging import queries, rules
from beyou.messaging.models import Conversation, Message

_LOCK = Lookup(
    lambda ids: (
        Conversation.objects.select_for_update()
        .filter(id__in=ids)
        .order_by("id")
        .values_list("id", "mode", "last_seq", "data_key")
    )
)


class Locked(NamedTuple):
    """Locked conversations with their members, those of some messages that exist, and the chains of browsers
    by conversation and device.
    """

    conversations: dict[UUID, Conversation]
    places: dict[UUID, list[queries.Place]]
    stored: dict[UUID, Message]
    chains: dict[tuple[UUID, UUID], rules.Chain]


def lock_conversations(conversation_ids: Iterable[UUID]) -> dict[UUID, Conversation]:
    """The conversations, locked until the transaction ends. One statement.

    SQLite has no row locks; there the transaction has locked the whole database at its beginning.
    """
    return _conversations(_LOCK(conversation_ids))


def lock_to_write(
    conversation_ids: Iterable[UUID], message_ids: Iterable[UUID], *, with_chains: bool
) -> Locked:
    """The same with all that a decision about these messages needs, read once the lock is had.

    Three statements in one trip to the database, a fourth for chains, and a second trip only for messages
    that exist.
    """
    keys = list(conversation_ids)
    locked, places, stored, chains = rows_of(
        _LOCK.asks(keys),
        queries.PLACES.asks(keys),
        queries.STORED.asks(message_ids),
        queries.CHAINS.asks(keys if with_chains else ()),
    )
    known = [key for (key,) in stored]
    return Locked(
        _conversations(locked),
        queries.places_in(places),
        Message.objects.in_bulk(known) if known else {},
        queries.chains_in(chains),
    )


def _conversations(rows: Iterable[Row]) -> dict[UUID, Conversation]:
    return {
        key: Conversation(id=key, mode=mode, last_seq=last_seq, data_key=data_key)
        for key, mode, last_seq, data_key in rows
    }
