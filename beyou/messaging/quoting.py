"""Messages of two members that one of them shows to somebody else: in a claim, later in a report.

What the server can read it quotes itself. An end-to-end message is opened in the browser of its sender or
receiver, who hands over its payload and the key of its commitment; neither opens any other message. It counts
only when it fits the commitment in the signed header that was stored when the message was accepted.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any
from uuid import UUID

from beyou.core.errors import InvalidInput, NotFound
from beyou.messaging import queries, rules, wire
from beyou.messaging.accept import stamp_of, stored_body
from beyou.messaging.envelope import HEADER_LENGTH, PAYLOAD_MINIMUM, body_limit, payload_size
from beyou.messaging.models import Conversation, Message, Mode

FRANK_LENGTH = 32
_COMMITMENT = slice(224, 256)


class BadOpening(InvalidInput):
    """What was handed over is not what the sender committed to."""

    code, title = "bad_opening", "This is not what was sent"


@dataclass(frozen=True, slots=True)
class Opening:
    """The padded payload of one message, and the key of its commitment."""

    payload: bytes
    frank_key: bytes


@dataclass(frozen=True, slots=True)
class Quote:
    """One message with its words, as the server knows that they were sent."""

    message_id: UUID
    sender_id: UUID
    seq: int
    received_ms: int
    text: str
    was_sealed: bool


def conversation_between(member_id: UUID, other_id: UUID) -> Conversation | None:
    """The conversation of the two. A block between them does not take away what both have read: otherwise
    whoever is accused could hide what they wrote.
    """
    return queries.direct_conversation(member_id, other_id)


@dataclass(frozen=True, slots=True)
class Thread:
    """A page of the conversation of two as one of them may read it, ascending, in the form of the API."""

    conversation_id: UUID
    messages: list[dict[str, Any]]
    #: Ask for what is before this number; 0 at the beginning.
    earlier: int


def thread_between(member_id: UUID, other_id: UUID, *, before: int | None = None) -> Thread | None:
    """The last messages of the two, or those before a number; None when they never wrote to each other. Three
    statements.
    """
    conversation = conversation_between(member_id, other_id)
    if conversation is None or not conversation.last_seq:
        return None
    page = queries.messages_before(conversation.id, before or conversation.last_seq + 1)
    wraps = queries.wraps_for(member_id, page.messages)
    shown = [wire.stored_message(row, conversation, wraps.get(row.id, ())) for row in page.messages]
    return Thread(conversation.id, shown, page.messages[0].seq if page.has_earlier else 0)


def quotes_between(
    member_id: UUID, other_id: UUID, message_ids: Sequence[UUID], openings: Mapping[UUID, Opening]
) -> list[Quote]:
    """The messages of the two with these ids. A fixed number of statements.

    Raises `NotFound` for any that is not in their conversation, and `BadOpening` for one that was erased or
    altered, lacks its opening, or does not fit it.
    """
    conversation = conversation_between(member_id, other_id)
    if conversation is None:
        raise NotFound
    rows = Message.objects.filter(conversation=conversation).in_bulk(list(message_ids))
    if len(rows) < len(set(message_ids)):
        raise NotFound
    return [_quote(rows[each], conversation, openings.get(each)) for each in message_ids]


def _quote(row: Message, conversation: Conversation, opening: Opening | None) -> Quote:
    header = bytes(row.header)
    is_sealed = row.mode == Mode.END_TO_END
    if is_sealed:
        if not compare_digest(stamp_of(header, row.received_ms), bytes(row.stamp)):
            raise BadOpening("The stored message was altered, so it proves nothing.")
        text: str | None = opened_text(header, opening)
    else:
        body = stored_body(row, conversation.data_key) if header else None
        text = None if body is None else rules.text_of(body)
    if text is None:
        raise BadOpening("A message that you chose was erased or altered. Choose others.")
    return Quote(row.pk, row.sender_id, row.seq, row.received_ms, text, is_sealed)


def opened_text(header: bytes, opening: Opening | None) -> str:
    """The words of the opening, which are those that the sender of this header committed to. Raises
    `BadOpening`.
    """
    if opening is None:
        raise BadOpening("This message is end-to-end encrypted. Open it in a browser that has your keys.")
    payload, key = opening.payload, opening.frank_key
    if len(header) != HEADER_LENGTH or len(key) != FRANK_LENGTH or not _is_payload(payload):
        raise BadOpening("This opens no message.")
    unsigned = header[: _COMMITMENT.start] + bytes(32)
    if not compare_digest(hmac_digest(key, unsigned + payload, "sha256"), header[_COMMITMENT]):
        raise BadOpening("The words are not those that the sender committed to.")
    text = _text(payload)
    if text is None:
        raise BadOpening("The message holds no text.")
    return text


def _is_payload(payload: bytes) -> bool:
    if not PAYLOAD_MINIMUM <= len(payload) <= body_limit():
        return False
    length = int.from_bytes(payload[:4], "big")
    padding = payload[4 + length :]
    return payload_size(length) == len(payload) and not any(padding)


def _text(payload: bytes) -> str | None:
    length = int.from_bytes(payload[:4], "big")
    try:
        content = json.loads(payload[4 : 4 + length].decode())
    except (ValueError, RecursionError):
        return None
    text = content.get("text") if isinstance(content, dict) else None
    return text if isinstance(text, str) else None
