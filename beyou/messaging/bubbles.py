"""A thread as the server draws it: days, the line above the first unread message, and bubbles."""

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from uuid import UUID

import orjson
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from beyou.core import clock
from beyou.core.templatetags.beyou import icon
from beyou.messaging import wire
from beyou.messaging.models import MessageWrap
from beyou.messaging.queries import Access, MessageRow, removed_words


def wire_of(row: MessageRow, access: Access, wraps: Mapping[UUID, Sequence[MessageWrap]]) -> dict[str, Any]:
    return wire.stored_message(row, access.conversation, wraps.get(row.id, ()))


def encode(messages: Sequence[Mapping[str, Any]]) -> SafeString:
    """The messages as JSON for an attribute in single quotes: JSON itself is full of double ones."""
    text = orjson.dumps(messages).decode()
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#x27;")):
        text = text.replace(sign, entity)
    return mark_safe(text)  # noqa: S308  (escaped above)


def bubbles(messages: Sequence[Mapping[str, Any]], *, me: UUID, read_seq: int) -> SafeString:
    """The messages as list items, with the days between them. A turn is where the speaker changes.

    Made here and escaped by the standard library: fifty times over, the tags of a template or Django's
    helpers for lazy texts would cost most of the page.
    """
    items: list[str] = []
    altered = f'<p class="closed">{icon("shield-alert")}This message was altered in the database.</p>'
    erased = f'<p class="closed">{icon("eraser")}Erased. Its author deleted their account.</p>'
    locked = f'<p class="closed">{icon("lock")}Encrypted message</p>'
    my_id, day, sender, is_unread_shown = str(me), None, "", False
    for message in messages:
        moment = clock.from_ms(message["received_ms"])
        is_mine, is_turn = message["sender"] == my_id, message["sender"] != sender
        if moment.date() != day:
            items.append(f'<li class="day">{escape(date_format(moment, "j F Y"))}</li>')
        if not is_unread_shown and not is_mine and message["seq"] > read_seq:
            items.append('<li class="first-unread">New</li>')
            is_unread_shown = True
        if message["erased"]:
            content = erased
        elif message["removed"]:
            told = escape(removed_words(message["removed"]["reason"]))
            content = f'<p class="closed">{icon("gavel")}{told}</p>'
        elif message["damaged"]:
            content = altered
        elif message["text"] is None:
            content = locked
        else:
            content = f'<p dir="auto">{escape(message["text"])}</p>'
        classes = f"bubble{' mine' if is_mine else ''}{' turn' if is_turn else ''}"
        items.append(_bubble(message, classes, content, moment))
        day, sender = moment.date(), message["sender"]
    return mark_safe("\n".join(items))  # noqa: S308  (each part is escaped)


def _bubble(message: Mapping[str, Any], classes: str, content: str, moment: dt.datetime) -> str:
    """The content is escaped and ids are UUIDs. SQLite takes any text for a number: `seq` is escaped, too."""
    state = ' data-state="altered"' if message["damaged"] else ""
    return (
        f'<li class="{classes}" id="m-{message["id"]}" data-seq="{escape(str(message["seq"]))}"'
        f' data-sender="{message["sender"]}"{state}>{content}<span class="meta">'
        f'<time datetime="{moment.isoformat(timespec="seconds")}">{moment:%H:%M}</time></span></li>'
    )
