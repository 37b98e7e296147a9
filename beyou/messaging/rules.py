"""Decides about drafts. Pure: no Django, clock or I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import orjson

from beyou.core.errors import ApplicationError
from beyou.messaging import envelope, errors
from beyou.messaging.envelope import EnvelopeError, Expected, RosterEntry, Wrap

#: Where a page of messages begins: this many read ones stay above the first unread one.
READ_ABOVE_UNREAD = 10


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed envelope as received."""

    header: bytes
    body: bytes
    signature: bytes
    wraps: tuple[Wrap, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a member wants to say: a text that the server may read, or a sealed envelope."""

    conversation: UUID
    sender: UUID
    message: UUID
    content: str | Envelope


@dataclass(frozen=True, slots=True)
class Signer:
    """A key set in use: where to seal to, and what to verify with."""

    entry: RosterEntry
    generation: int
    sign_key_id: bytes
    sign_spki: bytes


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody a message of this conversation must be sealed to."""

    version: int
    hash: bytes
    signers: Mapping[UUID, Signer]

    @classmethod
    def of(cls, signers: Iterable[Signer]) -> "Roster":
        by_member = {signer.entry.user: signer for signer in signers}
        return cls(
            version=sum(signer.generation for signer in by_member.values()),
            hash=envelope.roster_hash(signer.entry for signer in by_member.values()),
            signers=by_member,
        )

    @property
    def entries(self) -> list[RosterEntry]:
        return [signer.entry for signer in self.signers.values()]


@dataclass(frozen=True, slots=True)
class Chain:
    """The last message of a browser in a conversation; counter 0 and zeros when there is none."""

    counter: int = 0
    digest: bytes = envelope.ZERO32


@dataclass(frozen=True, slots=True)
class Standing:
    """What the server knows of a conversation when it decides about a draft.

    `devices` maps the browsers that may send to their members; `chains` holds the last message of each.
    """

    is_open: bool
    are_friends: bool
    is_end_to_end: bool
    roster: Roster
    is_roster_complete: bool
    devices: Mapping[UUID, UUID]
    chains: Mapping[UUID, Chain]


@dataclass(frozen=True, slots=True)
class Limits:
    """`origin_hash` is SHA-256 of the instance's origin, `text_bytes` the longest text in UTF-8."""

    origin_hash: bytes
    text_bytes: int


def check_draft(draft: Draft, standing: Standing, *, limits: Limits, now_ms: int) -> None:
    """Returns when the draft may become the next message of its conversation.

    Raises the `ApplicationError` to answer with: `Unavailable`, `NotFriends`, `WrongMode`, `Empty`,
    `TooLong`, or for an envelope `BadEnvelope`, `BadSignature`, `RosterChanged`, `CounterConflict`,
    `ClockSkew`.
    """
    if not standing.is_open:
        raise errors.Unavailable
    if not standing.are_friends:
        raise errors.NotFriends(errors.FRIENDSHIP_ENDED)
    if isinstance(draft.content, str):
        if standing.is_end_to_end:
            raise errors.WrongMode("This conversation is end-to-end encrypted; seal the message first.")
        check_text(draft.content, limit=limits.text_bytes)
        return
    if not standing.is_end_to_end:
        raise errors.WrongMode("Not everybody here has keys yet; send the text itself.")
    _check_sealed(draft, draft.content, standing, limits, now_ms)


def check_text(text: str, *, limit: int) -> None:
    """Raises `Empty` for nothing but white space and `TooLong` beyond `limit` bytes of UTF-8."""
    if not text.strip():
        raise errors.Empty("Write something first.")
    size = len(text.encode())
    if size > limit:
        raise errors.TooLong(f"The text has {size} bytes; {limit} are allowed.", limit=limit)


def _check_sealed(draft: Draft, sealed: Envelope, standing: Standing, limits: Limits, now_ms: int) -> None:
    try:
        device = envelope.Header.parse(sealed.header).device
        if standing.devices.get(device) != draft.sender:
            raise EnvelopeError("device", "is not one of the sender's browsers")
        if not standing.is_roster_complete:
            raise envelope.RosterChanged("roster_hash", "not everybody has keys at the moment")
        signer = standing.roster.signers[draft.sender]
        chain = standing.chains.get(device, Chain())
        envelope.check_envelope(
            header=sealed.header,
            body=sealed.body,
            signature=sealed.signature,
            wraps=sealed.wraps,
            expected=Expected(
                origin_hash=limits.origin_hash,
                conversation=draft.conversation,
                message=draft.message,
                sender=draft.sender,
                device=device,
                sig_key_id=signer.sign_key_id,
                roster_version=standing.roster.version,
                roster_hash=standing.roster.hash,
                counter=chain.counter + 1,
                prev=chain.digest,
                now_ms=now_ms,
            ),
            roster=standing.roster.entries,
            sign_spki=signer.sign_spki,
            text_limit=limits.text_bytes,
        )
    except EnvelopeError as error:
        raise refusal(error, standing, sealed) from error


def refusal(error: EnvelopeError, standing: Standing, sealed: Envelope) -> ApplicationError:
    """The answer to a bad envelope, with what a client needs to make a good one."""
    detail = f"{error.field} {error.detail}."
    match error:
        case envelope.RosterChanged():
            return errors.RosterChanged(detail, field=error.field)
        case envelope.CounterConflict():
            chain = standing.chains.get(envelope.Header.parse(sealed.header).device, Chain())
            return errors.CounterConflict(
                detail, field=error.field, counter=chain.counter, prev=chain.digest.hex()
            )
        case envelope.BadSignature():
            return errors.BadSignature(detail, field=error.field)
        case envelope.ClockSkew():
            return errors.ClockSkew(detail, field=error.field)
        case envelope.BodyTooLong():
            return errors.TooLong(detail, field=error.field)
        case _:
            return errors.BadEnvelope(detail, field=error.field)


def standard_body(text: str) -> bytes:
    """The body of an envelope that the server can read."""
    return orjson.dumps({"text": text})


def text_of(body: bytes) -> str | None:
    """The inverse of `standard_body`; None for bytes that it never made."""
    try:
        text = orjson.loads(body)["text"]
    except (ValueError, KeyError, TypeError):
        return None
    return text if isinstance(text, str) else None


def storage_context(*, conversation: UUID, message: UUID) -> bytes:
    """Associated data that binds an encrypted body to its row (AES-GCM)."""
    return b"beyou/message/1\0" + conversation.bytes + message.bytes


def stamp_bytes(*, header: bytes, received_ms: int) -> bytes:
    """What the server authenticates with its own key when it accepts a message."""
    return b"BYE1 stamp" + sha256(header).digest() + received_ms.to_bytes(8, "big")


def first_page_start(*, last_seq: int, read_seq: int, size: int) -> int:
    """The number after which a thread opens: near its end, or earlier at the first unread message."""
    return max(0, min(last_seq - size, read_seq - READ_ABOVE_UNREAD))


def unread(*, last_seq: int, read_seq: int) -> int:
    return max(0, last_seq - read_seq)


def moved_marks(*, delivered: int, read: int, last_seq: int, before: Sequence[int]) -> tuple[int, int]:
    """The marks after a receipt: never backwards, never beyond the end, read is also delivered."""
    new_read = max(before[1], min(read, last_seq))
    return max(before[0], min(delivered, last_seq), new_read), new_read
