"""Messages of two members that one of them shows to somebody else: in a claim, or in a report.

What the server can read it quotes itself. An end-to-end message is opened in the browser of its sender or
receiver, who hands over its payload and the key of its commitment; neither opens any other message. It counts
only when it fits the commitment in the signed header that was stored when the message was accepted.
"""

import datetime as dt
import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any
from uuid import UUID

import orjson
from django.http import QueryDict

from beyou.core import clock
from beyou.core.errors import InvalidInput, NotFound
from beyou.keys.queries import PublishedKey, keys_by_id
from beyou.messaging import queries, rules, wire
from beyou.messaging.accept import stamp_of, stored_body
from beyou.messaging.envelope import (
    HEADER_LENGTH,
    PAYLOAD_MINIMUM,
    BadSignature,
    EnvelopeError,
    Header,
    RosterEntry,
    body_limit,
    payload_size,
    roster_hash,
    verify_signature,
)
from beyou.messaging.models import Conversation, Message, MessageWrap, Mode

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
    #: Whether the rest holds, too: our stamp, and of an end-to-end message the signature by a key of
    #: its sender and the list of recipients that the sender signed, with both members in it.
    is_verified: bool


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
    verified = _verified(list(rows.values()), {member_id, other_id})
    return [
        _quote(rows[each], conversation, openings.get(each), is_verified=each in verified)
        for each in message_ids
    ]


def standard_quote(message_id: UUID) -> Quote | None:
    """A message that the server can read, wherever it is; None for any other, and for one that was erased or
    altered. Two statements at most.
    """
    row = Message.objects.filter(id=message_id, mode=Mode.STANDARD).select_related("conversation").first()
    if row is None:
        return None
    try:
        return _quote(row, row.conversation, None, is_verified=_is_stamped(row))
    except BadOpening:
        return None


def _verified(rows: Sequence[Message], both: set[UUID]) -> set[UUID]:
    """Those of the messages of the two about which everything holds that the server can check. Two
    statements.
    """
    sealed = {row.pk: header for row in rows if row.mode == Mode.END_TO_END and (header := _header(row))}
    signers = keys_by_id(header.sig_key_id for header in sealed.values())
    rosters: dict[UUID, list[RosterEntry]] = {}
    for wrap in MessageWrap.objects.filter(message_id__in=sealed):
        entry = RosterEntry(wrap.member_id, wrap.key_set, bytes.fromhex(wrap.key_id))
        rosters.setdefault(wrap.message_id, []).append(entry)
    return {row.pk for row in rows if row.mode == Mode.STANDARD and _is_stamped(row)} | {
        row.pk
        for row in rows
        if (header := sealed.get(row.pk))
        and _is_stamped(row)
        and _is_signed(row, signers.get(header.sig_key_id))
        and _has_roster(header, rosters.get(row.pk, []), both)
    }


def _header(row: Message) -> Header | None:
    try:
        return Header.parse(bytes(row.header))
    except EnvelopeError:
        return None


def _is_stamped(row: Message) -> bool:
    """Whether this server took this header at the time that the row names."""
    return compare_digest(stamp_of(bytes(row.header), max(row.received_ms, 0)), bytes(row.stamp))


def _is_signed(row: Message, key: PublishedKey | None) -> bool:
    if key is None or key.member_id != row.sender_id:
        return False
    try:
        verify_signature(
            header=bytes(row.header), body=bytes(row.body), signature=bytes(row.signature), sign_spki=key.spki
        )
    except BadSignature:
        return False
    return True


def _has_roster(header: Header, entries: Sequence[RosterEntry], both: set[UUID]) -> bool:
    return {entry.user for entry in entries} == both and roster_hash(entries) == header.roster_hash


def _quote(row: Message, conversation: Conversation, opening: Opening | None, *, is_verified: bool) -> Quote:
    header = bytes(row.header)
    is_sealed = row.mode == Mode.END_TO_END
    if not row.body:
        text: str | None = None
    elif is_sealed:
        if not _is_stamped(row):
            raise BadOpening("The stored message was altered, so it proves nothing.")
        text = opened_text(header, opening)
    else:
        body = stored_body(row, conversation.data_key) if header else None
        text = None if body is None else rules.text_of(body)
    if text is None:
        raise BadOpening("A message that you chose was erased, removed or altered. Choose others.")
    return Quote(row.pk, row.sender_id, row.seq, row.received_ms, text, is_sealed, is_verified)


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


@dataclass(frozen=True, slots=True)
class Choice:
    """A message to choose. A sealed one is opened in the browser; `is_shown` when it stands there already."""

    message: dict[str, Any]
    is_sealed: bool
    is_shown: bool
    can_be_chosen: bool
    at: dt.datetime
    is_mine: bool

    @property
    def wire(self) -> str:
        """As the API writes it, for the browser that opens it."""
        return orjson.dumps(self.message).decode()


def choices(
    messages: Iterable[Mapping[str, Any]], reader_id: UUID, *, shown: Collection[UUID]
) -> list[Choice]:
    """The messages as a page offers them; `shown` stand already where the chosen ones go."""
    return [
        Choice(
            message=dict(each),
            is_sealed=each["mode"] == "end_to_end",
            is_shown=UUID(each["id"]) in shown,
            can_be_chosen=not (
                each["erased"] or each["removed"] or each["damaged"] or UUID(each["id"]) in shown
            ),
            at=clock.from_ms(each["received_ms"]),
            is_mine=each["sender"] == str(reader_id),
        )
        for each in messages
    ]


def chosen_in(data: QueryDict, *, most: int) -> tuple[list[UUID], dict[UUID, Opening]]:
    """The messages that were ticked in a form, and what the browser opened: for each the payload and the key,
    as base64 with a full stop between. Openings are read for `most` and one more. Raises `InvalidInput`.
    """
    try:
        chosen = [UUID(each) for each in data.getlist("message")]
    except ValueError:
        raise InvalidInput("There is no such message.") from None
    openings = {}
    for key in chosen[: most + 1]:
        payload, _, frank = data.get(f"opening-{key}", "").partition(".")
        if payload:
            openings[key] = opening_of(payload, frank)
    return chosen, openings


def opening_of(payload: str, frank: str) -> Opening:
    """Raises `InvalidInput` for what is no base64."""
    try:
        return Opening(b64decode(payload, validate=True), b64decode(frank, validate=True))
    except (NotBase64, ValueError) as error:
        raise InvalidInput("A message was not opened as it should be. Load the page again.") from error
