"""Accepting messages: any number of drafts in one transaction, by a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from beyou.automod.rules import is_censored_copy
from beyou.automod.services import read_message
from beyou.core import bulk, clock, events, keyring
from beyou.core.errors import ApplicationError, NotFound
from beyou.core.ids import is_uuid7
from beyou.core.threads import writing_turn
from beyou.keys.queries import enrolled_devices
from beyou.ledger.format import ZEROS, Opening
from beyou.ledger.format import Mode as LedgerMode
from beyou.ledger.services import record_messages
from beyou.messaging import envelope, errors, queries, rules
from beyou.messaging.events import MessageSent
from beyou.messaging.locks import lock_to_write
from beyou.messaging.models import (
    Conversation,
    ConversationMember,
    DeviceChain,
    Message,
    MessageWrap,
    Mode,
)

ATTEMPTS = 4

# A plain number: comparing with a member of an enumeration asks Python for a descriptor each time.
_END_TO_END = int(Mode.END_TO_END)

_MESSAGE_COLUMNS = (
    *("id", "conversation_id", "seq", "sender_id", "mode", "header", "body"),
    *("signature", "received_ms", "stamp"),
)
_WRAP_COLUMNS = ("message_id", "member_id", "key_set", "key_id", "wrap")
_CHAIN_COLUMNS = ("conversation_id", "device", "counter", "digest")


class Accepted(NamedTuple):
    """A message that is committed. `is_repeat` when it was accepted earlier under the same id.

    `body` is as sent, not as stored; `created_ms` is the header's; `recipients` are all members of the
    conversation.
    """

    message: UUID
    conversation: UUID
    seq: int
    sender: UUID
    mode: Mode
    header: bytes
    body: bytes
    signature: bytes
    wraps: tuple[envelope.Wrap, ...]
    created_ms: int
    received_ms: int
    recipients: tuple[UUID, ...]
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A draft of which nothing was stored, and why."""

    message: UUID
    error: ApplicationError


def accept_messages(drafts: Sequence[rules.Draft]) -> list[Accepted | Refused]:
    """Each draft is the next message of its conversation, or is refused; the answers stand in its order.

    One transaction holds the messages, their numbers, their ledger entries and their events; when this
    returns it is durable. A draft that was accepted before gets its first answer again. A refused draft
    harms no other one.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with writing_turn(), transaction.atomic():
                return _Batch(drafts).accept()
        except (IntegrityError, OperationalError, InterfaceError):
            # Another writer took the same message id in another conversation, the engine broke a deadlock, or
            # the connection is gone: everything is rolled back, and the second look sees what is there.
            if attempt == ATTEMPTS or connection.in_atomic_block:
                raise
            connection.close_if_unusable_or_obsolete()
    raise AssertionError("unreachable")


@lru_cache(maxsize=4)
def _limits(origin: str, text_bytes: int) -> rules.Limits:
    return rules.Limits(envelope.origin_hash(origin), text_bytes)


class _Place:
    """A locked conversation, its places and what the batch changes in it."""

    __slots__ = ("chains", "data_key", "is_blocked", "is_changed", "members", "recipients", "row", "standing")

    def __init__(
        self, row: Conversation, places: Sequence[queries.Place], signers: Mapping[UUID, rules.Signer]
    ) -> None:
        self.row = row
        self.members = frozenset(place.member_id for place in places)
        self.recipients = tuple(place.member_id for place in places)
        # Behind a block there is no conversation.
        self.is_blocked = any(place.is_blocked for place in places)
        self.chains: dict[UUID, rules.Chain] = {}
        self.is_changed = False
        self.data_key: bytes | None = None
        roster = rules.Roster.of(signers[place.member_id] for place in places if place.member_id in signers)
        everybody_has_keys = all(place.key_set is not None for place in places)
        # What is decided once holds for the batch: nobody else writes while the conversation is locked, and
        # a sealed draft is only accepted where all are sealed.
        self.standing = rules.Standing(
            is_open=all(place.is_reachable for place in places),
            are_friends=all(place.are_friends for place in places),
            is_end_to_end=row.mode == _END_TO_END or everybody_has_keys,
            roster=roster,
            is_roster_complete=len(roster.signers) == len(self.members),
            devices={},
            chains=self.chains,
        )

    @property
    def body_key(self) -> bytes:
        if self.data_key is None:
            self.data_key = keyring.unwrap_data_key(bytes(self.row.data_key))
        return self.data_key


class _Batch:
    """The state of one call of `accept_messages`."""

    def __init__(self, drafts: Sequence[rules.Draft]) -> None:
        self._drafts = drafts
        self._now_ms = clock.now_ms()
        self._origin = settings.ORIGIN
        self._limits = _limits(self._origin, settings.MESSAGE_LIMIT_BYTES)
        self._accepted: dict[UUID, Accepted] = {}
        self._stored: dict[UUID, Message] = {}
        self._known_chains: frozenset[tuple[UUID, UUID]] = frozenset()
        self._places: dict[UUID, _Place] = {}

    def accept(self) -> list[Accepted | Refused]:
        self._read()
        results = [self._decide(draft) for draft in self._drafts]
        if self._accepted:
            self._write(list(self._accepted.values()))
        return results

    def _read(self) -> None:
        """Everything the decisions need, in at most seven statements: three for texts of known members."""
        devices = {device for draft in self._drafts if (device := _device_of(draft)) is not None}
        rows, places, self._stored, chains = lock_to_write(
            [draft.conversation for draft in self._drafts],
            [draft.message for draft in self._drafts],
            with_chains=bool(devices),
        )
        signers = queries.signers_of(place for key in rows for place in places[key])
        self._places = {key: _Place(row, places[key], signers) for key, row in rows.items()}
        if devices:
            owners = {key: device.member_id for key, device in enrolled_devices(devices).items()}
            for place in self._places.values():
                place.standing = replace(place.standing, devices=owners)
            self._known_chains = frozenset(chains)
            for (conversation, device), chain in chains.items():
                self._places[conversation].chains[device] = chain

    def _decide(self, draft: rules.Draft) -> Accepted | Refused:
        try:
            place = self._places.get(draft.conversation)
            if place is None or place.is_blocked or draft.sender not in place.members:
                raise NotFound
            repeat = self._repeat_of(draft, place)
            if repeat is not None:
                return repeat
            if not is_uuid7(draft.message):
                raise errors.BadEnvelope("The message id must be a UUID version 7.", field="id")
            rules.check_draft(draft, place.standing, limits=self._limits, now_ms=self._now_ms)
            draft = _as_stored(draft)
        except ApplicationError as error:
            return Refused(draft.message, error)
        return self._take(draft, place)

    def _repeat_of(self, draft: rules.Draft, place: _Place) -> Accepted | None:
        """The first answer to the same draft; raises `IdTaken` when the id stands for another message."""
        earlier = self._accepted.get(draft.message)
        if earlier is None:
            row = self._stored.get(draft.message)
            if row is None:
                return None
            if row.conversation_id != draft.conversation or row.sender_id != draft.sender:
                raise errors.IdTaken("Make a new id for a new message.")
            earlier = _accepted_row(row, place)
        if earlier.conversation != draft.conversation or not _is_same(draft, earlier):
            raise errors.IdTaken("Make a new id for a new message.")
        return earlier._replace(is_repeat=True)

    def _take(self, draft: rules.Draft, place: _Place) -> Accepted:
        """The draft becomes the next message, in memory."""
        place.row.last_seq += 1
        place.row.last_ms = self._now_ms
        place.is_changed = True
        no_wraps: tuple[envelope.Wrap, ...] = ()
        if isinstance(draft.content, str):
            mode, signature, wraps, created_ms = Mode.STANDARD, b"", no_wraps, self._now_ms
            body = rules.standard_body(draft.content)
            header = envelope.standard_header(
                origin=self._origin,
                conversation=draft.conversation,
                message=draft.message,
                sender=draft.sender,
                created_ms=self._now_ms,
            )
        else:
            mode, signature, wraps = Mode.END_TO_END, draft.content.signature, draft.content.wraps
            header, body = draft.content.header, draft.content.body
            parsed = envelope.Header.parse(header)
            created_ms = parsed.created_ms
            place.chains[parsed.device] = rules.Chain(parsed.counter, envelope.body_digest(header, body))
            place.row.mode = Mode.END_TO_END
        accepted = Accepted(
            message=draft.message,
            conversation=draft.conversation,
            seq=place.row.last_seq,
            sender=draft.sender,
            mode=mode,
            header=header,
            body=body,
            signature=signature,
            wraps=wraps,
            created_ms=created_ms,
            received_ms=self._now_ms,
            recipients=place.recipients,
        )
        self._accepted[draft.message] = accepted
        return accepted

    def _write(self, accepted: list[Accepted]) -> None:
        """Everything in at most eight statements and one trip, however many messages there are."""
        with bulk.gathered():
            self._write_messages(accepted)
            self._write_chains(accepted)
            self._write_places(accepted)
            record_messages([opening_of(each) for each in accepted])
        events.publish(
            *(MessageSent(each.message, each.conversation, each.sender, each.seq) for each in accepted)
        )

    def _write_messages(self, accepted: list[Accepted]) -> None:
        nonces = keyring.nonces(len(accepted))
        bulk.insert(
            Message,
            _MESSAGE_COLUMNS,
            [self._message_values(*each) for each in zip(accepted, nonces, strict=True)],
        )
        bulk.insert(
            MessageWrap,
            _WRAP_COLUMNS,
            [
                (each.message.hex, member.hex, wrap.device.hex, wrap.key_id.hex(), wrap.wrap)
                for each in accepted
                if each.wraps
                for wrap, member in self._wrap_owners(each)
            ],
        )

    def _write_places(self, accepted: list[Accepted]) -> None:
        """The conversations know their newest message, and the senders have read their own words."""
        bulk.update(
            Conversation,
            ("last_seq", "last_ms", "mode"),
            where=("id",),
            rows=[
                (place.row.last_seq, place.row.last_ms, int(place.row.mode), place.row.id.hex)
                for place in self._places.values()
                if place.is_changed
            ],
        )
        # Who writes has read what was there, so her own words never count as unread.
        latest = {(each.conversation, each.sender): each.seq for each in accepted}
        bulk.update(
            ConversationMember,
            ("read_seq", "delivered_seq"),
            where=("conversation_id", "member_id"),
            rows=[(seq, seq, conversation.hex, sender.hex) for (conversation, sender), seq in latest.items()],
        )

    def _message_values(self, accepted: Accepted, nonce: bytes) -> tuple[object, ...]:
        body, mode = accepted.body, int(accepted.mode)
        if mode != _END_TO_END:
            key = self._places[accepted.conversation].body_key
            body = keyring.seal(key, body, _context(accepted.conversation, accepted.message), nonce)
        return (
            accepted.message.hex,
            accepted.conversation.hex,
            accepted.seq,
            accepted.sender.hex,
            mode,
            accepted.header,
            body,
            accepted.signature,
            accepted.received_ms,
            stamp_of(accepted.header, accepted.received_ms),
        )

    def _wrap_owners(self, accepted: Accepted) -> list[tuple[envelope.Wrap, UUID]]:
        signers = self._places[accepted.conversation].standing.roster.signers.values()
        owners = {signer.entry.device: signer.entry.user for signer in signers}
        return [(wrap, owners[wrap.device]) for wrap in accepted.wraps]

    def _write_chains(self, accepted: list[Accepted]) -> None:
        used = {
            (each.conversation, envelope.Header.parse(each.header).device)
            for each in accepted
            if each.mode == Mode.END_TO_END
        }
        new, known = [], []
        for conversation, device in used:
            chain = self._places[conversation].chains[device]
            if (conversation, device) in self._known_chains:
                known.append((chain.counter, chain.digest, conversation.hex, device.hex))
            else:
                new.append((conversation.hex, device.hex, chain.counter, chain.digest))
        bulk.insert(DeviceChain, _CHAIN_COLUMNS, new)
        bulk.update(DeviceChain, ("counter", "digest"), where=("conversation_id", "device"), rows=known)


def _as_stored(draft: rules.Draft) -> rules.Draft:
    """The draft without what is censored. What is sealed nobody here can read. Raises what `read_message`
    does.
    """
    if not isinstance(draft.content, str):
        return draft
    text = read_message(
        sender_id=draft.sender,
        conversation_id=draft.conversation,
        message_id=draft.message,
        text=draft.content,
    )
    return draft if text == draft.content else replace(draft, content=text)


def opening_of(accepted: Accepted) -> Opening:
    """What the ledger commits to for this message."""
    return Opening(
        mode=LedgerMode(accepted.mode),
        message=accepted.message,
        conversation=accepted.conversation,
        sender=accepted.sender,
        conv_seq=accepted.seq,
        created_ms=accepted.created_ms,
        body=envelope.body_digest(accepted.header, accepted.body),
        signature=sha256(accepted.signature).digest() if accepted.signature else ZEROS,
    )


def _context(conversation: UUID, message: UUID) -> bytes:
    return rules.storage_context(conversation=conversation, message=message)


def _device_of(draft: rules.Draft) -> UUID | None:
    if isinstance(draft.content, str):
        return None
    try:
        return envelope.Header.parse(draft.content.header).device
    except envelope.EnvelopeError:
        return None


def stamp_of(header: bytes, received_ms: int) -> bytes:
    """What this server stamps a message with that has this header and came then."""
    return keyring.mac(b"stamp", rules.stamp_bytes(header=header, received_ms=received_ms))


def stored_body(row: Message | queries.MessageRow, data_key: bytes | memoryview) -> bytes | None:
    """The body as it was sent; None when the stored bytes were altered."""
    if row.mode == _END_TO_END:
        return bytes(row.body)
    try:
        key = keyring.unwrap_data_key(bytes(data_key))
        return keyring.open_sealed(key, bytes(row.body), _context(row.conversation_id, row.id))
    except keyring.Undecryptable:
        return None


def _created_ms(header: bytes) -> int:
    """When the envelope was made; 0 for a stored header that was altered."""
    try:
        return envelope.Header.parse(header).created_ms
    except envelope.EnvelopeError:
        return 0


def _accepted_row(row: Message, place: _Place) -> Accepted:
    header = bytes(row.header)
    return Accepted(
        message=row.id,
        conversation=row.conversation_id,
        seq=row.seq,
        sender=row.sender_id,
        mode=Mode(row.mode),
        header=header,
        body=stored_body(row, place.row.data_key) or b"",
        signature=bytes(row.signature),
        wraps=(),
        created_ms=_created_ms(header),
        received_ms=row.received_ms,
        recipients=place.recipients,
    )


def _is_same(draft: rules.Draft, accepted: Accepted) -> bool:
    """Whether the draft says what was accepted, of which words may have been censored; a new random signature
    or wrap does not matter.
    """
    if accepted.sender != draft.sender:
        return False
    if not accepted.body:
        # The staff removed it meanwhile: its author alone knows its id.
        return isinstance(draft.content, str) or accepted.header == draft.content.header
    if isinstance(draft.content, str):
        stored = rules.text_of(accepted.body) if accepted.mode == Mode.STANDARD else None
        return stored is not None and is_censored_copy(draft.content, stored)
    return (accepted.header, accepted.body) == (draft.content.header, draft.content.body)
