"""A thread as the server draws it: days, the line above the first unread message, and bubbles."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from beyou.core import clock
from beyou.core.templatetags.beyou import icon
from beyou.messaging import wire
from beyou.messaging.models import Message, MessageWrap
from beyou.messaging.queries import Access


def wire_of(row: Message, access: Access, wraps: Mapping[UUID, Sequence[MessageWrap]]) -> dict[str, Any]:
    return wire.stored_message(row, access.conversation, wraps.get(row.id, ()))


def encode(messages: Sequence[Mapping[str, Any]]) -> str:
    """The messages as JSON for an attribute, which the template escapes."""
    return orjson.dumps(messages).decode()


def bubbles(messages: Sequence[Mapping[str, Any]], *, me: UUID, read_seq: int) -> SafeString:
    """The messages as list items, with the days between them. A turn is where the speaker changes.

    Made here: fifty times over, the tags of a template would cost most of the page.
    """
    items: list[str] = []
    altered = format_html(
        '<p class="closed">{}This message was altered in the database.</p>', icon("shield-alert")
    )
    locked = format_html('<p class="closed">{}Encrypted message</p>', icon("lock"))
    day, sender, is_unread_shown = None, "", False
    for message in messages:
        moment = clock.from_ms(message["received_ms"])
        is_mine, is_turn = message["sender"] == str(me), message["sender"] != sender
        if moment.date() != day:
            items.append(format_html('<li class="day">{}</li>', date_format(moment, "j F Y")))
        if not is_unread_shown and not is_mine and message["seq"] > read_seq:
            items.append('<li class="first-unread">New</li>')
            is_unread_shown = True
        if message["damaged"]:
            content = altered
        elif message["text"] is None:
            content = locked
        else:
            content = format_html('<p dir="auto">{}</p>', message["text"])
        classes = f"bubble{' mine' if is_mine else ''}{' turn' if is_turn else ''}"
        items.append(_bubble(message, classes, content, moment))
        day, sender = moment.date(), message["sender"]
    return mark_safe("\n".join(items))  # noqa: S308  (each part is escaped)


def _bubble(message: Mapping[str, Any], classes: str, content: SafeString, moment: dt.datetime) -> str:
    """The content is escaped and ids are UUIDs. SQLite takes any text for a number: `seq` is escaped, too."""
    state = ' data-state="altered"' if message["damaged"] else ""
    return (
        f'<li class="{classes}" id="m-{message["id"]}" data-seq="{escape(message["seq"])}"'
        f' data-sender="{message["sender"]}"{state}>{content}<span class="meta">'
        f'<time datetime="{moment.isoformat(timespec="seconds")}">{moment:%H:%M}</time></span></li>'
    )
