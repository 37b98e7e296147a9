"""A thread as the server draws it: days, the line above the first unread message, and bubbles."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from beyou.core import clock
from beyou.messaging import wire
from beyou.messaging.models import Message, MessageWrap
from beyou.messaging.queries import Access


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message, and what stands above it. `text` is None for one that only a browser can open."""

    id: str
    seq: int
    sender: str
    text: str | None
    is_mine: bool
    is_turn: bool
    is_damaged: bool
    is_first_unread: bool
    moment: dt.datetime
    day: dt.date | None


def wire_of(row: Message, access: Access, wraps: Mapping[UUID, Sequence[MessageWrap]]) -> dict[str, Any]:
    return wire.stored_message(row, access.conversation, wraps.get(row.id, ()))


def encode(messages: Sequence[Mapping[str, Any]]) -> str:
    """The messages as JSON for an attribute, which the template escapes."""
    return orjson.dumps(messages).decode()


def bubbles(messages: Sequence[Mapping[str, Any]], *, me: UUID, read_seq: int) -> list[Bubble]:
    """The messages with the days between them. A turn is where the speaker changes."""
    drawn: list[Bubble] = []
    day, sender, is_unread_shown = None, "", False
    for message in messages:
        moment = clock.from_ms(message["received_ms"])
        is_mine = message["sender"] == str(me)
        is_first_unread = not is_unread_shown and not is_mine and message["seq"] > read_seq
        drawn.append(
            Bubble(
                id=message["id"],
                seq=message["seq"],
                sender=message["sender"],
                text=message["text"],
                is_mine=is_mine,
                is_turn=message["sender"] != sender,
                is_damaged=message["damaged"],
                is_first_unread=is_first_unread,
                moment=moment,
                day=moment.date() if moment.date() != day else None,
            )
        )
        day, sender = moment.date(), message["sender"]
        is_unread_shown = is_unread_shown or is_first_unread
    return drawn
