"""Attacks on sealed messages: whatever is changed, the server refuses it and stores nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.ledger.models import OutboxRow
from beyou.messaging import sealing
from beyou.messaging.accept import Accepted, Refused, accept_messages
from beyou.messaging.envelope import HEADER_LENGTH, ZERO32, Header, Wrap, body_digest
from beyou.messaging.models import DeviceChain, Message, MessageWrap
from beyou.messaging.rules import Draft, Envelope
from beyou.users.models import User
from tests.factories import members
from tests.messaging.world import Browser, accept, chat, refuse, spki

pytestmark = pytest.mark.django_db


class Pair:
    """Alice and Bob with keys, in an end-to-end conversation."""

    def __init__(self) -> None:
        self.alice = Browser(members.alice()).publish()
        self.bob = Browser(members.bob()).publish()
        self.conversation = chat(self.alice.member, self.bob.member)

    def seal(self, text: str = "Hello", **changes: object) -> Draft:
        return self.alice.seal(text, self.conversation.id, [self.bob], **changes)

    def send(self, text: str = "Hello") -> Accepted:
        draft = self.seal(text)
        accepted = accept(draft)
        self.alice.accepted(draft)
        return accepted


@pytest.fixture
def pair() -> Pair:
    return Pair()


def content(draft: Draft) -> Envelope:
    assert isinstance(draft.content, Envelope)
    return draft.content


def changed(draft: Draft, **parts: Any) -> Draft:
    return replace(draft, content=replace(content(draft), **parts))


def nothing_is_stored() -> bool:
    return not any(model.objects.exists() for model in (Message, MessageWrap, DeviceChain, OutboxRow))


def flip(data: bytes, index: int) -> bytes:
    return data[:index] + bytes([data[index] ^ 0x01]) + data[index + 1 :]


def test_every_byte_counts(pair: Pair) -> None:
    """Flips one bit of every byte of header, body and signature, in one batch each."""
    draft = pair.seal()
    whole = content(draft)
    for part in ("header", "body", "signature"):
        data: bytes = getattr(whole, part)
        flipped = [changed(draft, **{part: flip(data, index)}) for index in range(len(data))]
        results = accept_messages(flipped)
        assert all(isinstance(each, Refused) for each in results), part
        codes = {each.error.code for each in results if isinstance(each, Refused)}
        assert codes <= {
            *("bad_envelope", "bad_signature", "roster_changed", "counter_conflict", "clock_skew"),
            "too_long",
        }
    assert nothing_is_stored()
    accept(draft)


def test_the_flipped_field_is_named(pair: Pair) -> None:
    draft = pair.seal()
    header = content(draft).header
    named = {}
    for name, offset in {
        "magic": 0, "suite": 5, "kind": 6, "flags": 7, "origin_hash": 8, "conversation": 40,
        "message": 56, "sender": 72, "device": 88, "sig_key_id": 104, "counter": 183, "prev": 184,
        "signature": 255,
    }.items():  # fmt: skip
        (result,) = accept_messages([changed(draft, header=flip(header, offset))])
        assert isinstance(result, Refused)
        named[name] = result.error.extra["field"]
    assert named == {name: name for name in named}


@pytest.mark.parametrize("length", [0, 1, HEADER_LENGTH - 1, HEADER_LENGTH + 1])
def test_a_header_of_another_length_is_refused(pair: Pair, length: int) -> None:
    header = (content(pair.seal()).header * 2)[:length]
    assert refuse(changed(pair.seal(), header=header)) == "bad_envelope"


def test_a_wrap_that_was_altered_is_stored_but_opens_nothing(pair: Pair) -> None:
    """Only a private key could tell; the label binds it, so the reader sees it at once."""
    draft = pair.seal()
    wraps = content(draft).wraps
    bad = tuple(replace(wrap, wrap=flip(wrap.wrap, 100)) for wrap in wraps)
    accepted = accept(changed(draft, wraps=bad))
    with pytest.raises(ValueError, match="wrap"):
        sealing.open_envelope(
            header=accepted.header, body=accepted.body, signature=accepted.signature,
            wrap=accepted.wraps[1], decryption_key=pair.bob.decryption_key,
            sign_spki=spki(pair.alice.signing_key),
        )  # fmt: skip


def _without_bob(pair: Pair, wraps: tuple[Wrap, ...]) -> tuple[Wrap, ...]:
    return tuple(wrap for wrap in wraps if wrap.device != pair.bob.key_set)


def _twice(pair: Pair, wraps: tuple[Wrap, ...]) -> tuple[Wrap, ...]:
    return (*wraps, wraps[0])


def _and_mallory(pair: Pair, wraps: tuple[Wrap, ...]) -> tuple[Wrap, ...]:
    return (*wraps, Wrap(uuid7(), bytes(32), bytes(384)))


def _other_key(pair: Pair, wraps: tuple[Wrap, ...]) -> tuple[Wrap, ...]:
    return (wraps[0], replace(wraps[1], key_id=bytes(32)))


def _short(pair: Pair, wraps: tuple[Wrap, ...]) -> tuple[Wrap, ...]:
    return (wraps[0], replace(wraps[1], wrap=wraps[1].wrap[:-1]))


@pytest.mark.parametrize("change", [_without_bob, _twice, _and_mallory, _other_key, _short])
def test_wraps_are_exactly_those_of_the_roster(
    pair: Pair, change: Callable[[Pair, tuple[Wrap, ...]], tuple[Wrap, ...]]
) -> None:
    draft = pair.seal()
    assert refuse(changed(draft, wraps=change(pair, content(draft).wraps))) == "bad_envelope"
    assert nothing_is_stored()


def test_a_message_cannot_move_to_another_conversation(pair: Pair) -> None:
    charlie = Browser(members.charlie()).publish()
    elsewhere = chat(pair.alice.member, charlie.member)
    draft = pair.seal()
    assert refuse(replace(draft, conversation=elsewhere.id)) == "bad_envelope"
    assert refuse(replace(draft, message=uuid7())) == "bad_envelope"


def test_a_message_cannot_be_sent_under_another_name(pair: Pair) -> None:
    draft = pair.seal()
    assert refuse(replace(draft, sender=pair.bob.member.pk)) == "bad_envelope"
    forged = pair.seal(signing_key=pair.bob.signing_key)
    assert refuse(forged) == "bad_envelope"


def test_a_ghost_in_the_roster_is_refused(pair: Pair) -> None:
    ghost = Browser(User(handle="ghost"))
    draft = pair.alice.seal("Hello", pair.conversation.id, [pair.bob, ghost])
    assert refuse(draft) == "roster_changed"


def test_an_old_roster_is_refused_and_the_new_one_is_taken(pair: Pair) -> None:
    draft = pair.seal()
    renewed = Browser(pair.bob.member, generation=2).publish()
    assert refuse(draft) == "roster_changed"
    accept(pair.alice.seal("Again", pair.conversation.id, [renewed]))


def test_a_device_that_was_revoked_cannot_send(pair: Pair) -> None:
    from beyou.keys.models import Device

    Device.objects.filter(id=pair.alice.device).update(revoked_at=clock.now())
    assert refuse(pair.seal()) == "bad_envelope"


def test_a_device_of_somebody_else_cannot_be_used(pair: Pair) -> None:
    assert refuse(pair.seal(device=pair.bob.device)) == "bad_envelope"
    assert refuse(pair.seal(device=uuid7())) == "bad_envelope"


@pytest.mark.parametrize("counter", [0, 1, 3, 2**64 - 1])
def test_a_counter_that_is_repeated_or_skipped_is_refused(pair: Pair, counter: int) -> None:
    first = pair.send()
    draft = pair.seal(counter=counter)
    (result,) = accept_messages([draft])
    assert isinstance(result, Refused)
    assert result.error.code == "counter_conflict"
    digest = body_digest(first.header, first.body)
    assert (result.error.extra["counter"], result.error.extra["prev"]) == (1, digest.hex())
    assert Message.objects.count() == 1


def test_the_link_to_the_message_before_must_hold(pair: Pair) -> None:
    pair.send()
    assert refuse(pair.seal(prev=ZERO32)) == "counter_conflict"
    assert refuse(pair.seal(prev=bytes(31) + b"\1")) == "counter_conflict"
    pair.send("and it goes on")


def test_a_chain_goes_on_within_one_batch(pair: Pair) -> None:
    drafts = []
    for number in range(5):
        drafts.append(pair.seal(f"Number {number}"))
        pair.alice.accepted(drafts[-1])
    stale = pair.bob.seal("Mine", pair.conversation.id, [pair.alice])
    results = accept_messages([*drafts, stale])
    assert [each.seq for each in results if isinstance(each, Accepted)] == [1, 2, 3, 4, 5, 6]
    assert accept_messages([drafts[3]])[0].is_repeat  # type: ignore[union-attr]


@pytest.mark.parametrize("offset_ms", [-600_001, 600_500, -(10**9), 10**9])
def test_a_wrong_clock_is_named(pair: Pair, offset_ms: int) -> None:
    now = clock.now_ms()
    assert refuse(pair.seal(created_ms=now + offset_ms)) == "clock_skew"
    assert nothing_is_stored()


def test_a_clock_within_ten_minutes_is_fine(pair: Pair) -> None:
    accept(pair.seal(created_ms=clock.now_ms() - 590_000))


def test_a_body_over_the_limit_is_refused(pair: Pair) -> None:
    assert refuse(pair.seal("x" * 140_000)) == "too_long"
    assert nothing_is_stored()


def test_a_replay_of_the_same_bytes_is_the_same_message(pair: Pair) -> None:
    draft = pair.seal()
    first = accept(draft)
    clock.shift(20 * 60 * 1000)
    again = accept(draft)
    assert (again.seq, again.is_repeat) == (first.seq, True)
    assert refuse(changed(draft, body=flip(content(draft).body, 0))) == "id_taken"
    assert Message.objects.count() == 1


def test_both_can_open_what_was_stored(pair: Pair) -> None:
    accepted = pair.send("Für dich \U0001f512")
    row = Message.objects.get(id=accepted.message)
    for browser in (pair.alice, pair.bob):
        stored = MessageWrap.objects.get(message=row, member=browser.member)
        opened = sealing.open_envelope(
            header=bytes(row.header), body=bytes(row.body), signature=bytes(row.signature),
            wrap=Wrap(stored.key_set, bytes.fromhex(stored.key_id), bytes(stored.wrap)),
            decryption_key=browser.decryption_key, sign_spki=spki(pair.alice.signing_key),
        )  # fmt: skip
        assert opened.payload == {"text": "Für dich \U0001f512"}


def test_a_header_is_not_taken_for_another_instance(pair: Pair) -> None:
    assert refuse(pair.seal(origin="https://elsewhere.example")) == "bad_envelope"


def test_an_unknown_kind_is_refused(pair: Pair) -> None:
    draft = pair.seal()
    header = replace(Header.parse(content(draft).header), kind=2).encode()
    assert refuse(changed(draft, header=header)) == "bad_envelope"
