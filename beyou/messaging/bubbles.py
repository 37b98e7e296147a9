"""A thread as the server draws it: days, the line above the first unread message, and bubbles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.utils.formats import date_format

from beyou.core import clock
from beyou.messaging import wire
from beyou.messaging.models import Message, MessageWrap
from beyou.messaging.queries import Access


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message, ready to be shown. `text` is None for one that only a browser can open.

    Classes and times are made here: fifty times each, template tags would cost most of the page.
    """

    id: str
    seq: int
    sender: str
    text: str | None
    classes: str
    is_damaged: bool
    is_first_unread: bool
    iso: str
    clock: str
    day: str


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
        is_mine, is_turn = message["sender"] == str(me), message["sender"] != sender
        is_first_unread = not is_unread_shown and not is_mine and message["seq"] > read_seq
        drawn.append(
            Bubble(
                id=message["id"],
                seq=message["seq"],
                sender=message["sender"],
                text=message["text"],
                classes=f"bubble{' mine' if is_mine else ''}{' turn' if is_turn else ''}",
                is_damaged=message["damaged"],
                is_first_unread=is_first_unread,
                iso=moment.isoformat(timespec="seconds"),
                clock=f"{moment:%H:%M}",
                day=date_format(moment, "j F Y") if moment.date() != day else "",
            )
        )
        day, sender = moment.date(), message["sender"]
        is_unread_shown = is_unread_shown or is_first_unread
    return drawn
