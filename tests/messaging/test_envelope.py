"""The envelope's bytes and checks without a database: vectors of the browser, and every way to forge one."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given
from hypothesis import strategies as st

from beyou.core.ids import uuid7
from beyou.keys.rules import is_possession_proven, key_id, possession_bytes
from beyou.messaging import envelope, sealing
from beyou.messaging.envelope import Expected, Header, Wrap
from tests.factories.crypto import Keys, Line, roster_of, spki
from tests.messaging.make_vectors import ALICE, BOB, CONVERSATION, ORIGIN

VECTORS = Path(__file__).parents[1] / "vectors"
NOW = 1_790_000_000_000
MESSAGE = uuid7()

Sealed = sealing.Sealed


@pytest.fixture(scope="module")
def alice() -> Keys:
    return Keys.of("envelope alice", ALICE)


@pytest.fixture(scope="module")
def bob() -> Keys:
    return Keys.of("envelope bob", BOB)


@pytest.fixture(scope="module")
def sealed(alice: Keys, bob: Keys) -> Sealed:
    """The first message of alice's browser, to bob and herself."""
    return Line(alice, CONVERSATION, ORIGIN, (alice, bob), 2).seal(
        "Hello Bob", created_ms=NOW, message=MESSAGE
    )


@pytest.fixture(scope="module")
def expected(alice: Keys, bob: Keys) -> Expected:
    """What a server knows before it takes that message."""
    return Expected(
        origin_hash=envelope.origin_hash(ORIGIN),
        conversation=CONVERSATION,
        message=MESSAGE,
        sender=alice.user,
        device=alice.device,
        sig_key_id=sha256(alice.sign_spki).digest(),
        roster_version=2,
        roster_hash=roster_of((alice, bob)),
        counter=1,
        prev=envelope.ZERO32,
        now_ms=NOW,
    )


Check = Callable[..., Header]


@pytest.fixture
def check(sealed: Sealed, expected: Expected, alice: Keys, bob: Keys) -> Check:
    """`check_envelope` of the honest message; keyword arguments replace parts of it."""

    def checked(**changes: Any) -> Header:
        parts: dict[str, Any] = {
            "header": sealed.header,
            "body": sealed.body,
            "signature": sealed.signature,
            "wraps": sealed.wraps,
            "expected": expected,
            "roster": [alice.recipient.entry, bob.recipient.entry],
            "sign_spki": alice.sign_spki,
        }
        return envelope.check_envelope(**parts | changes)

    return checked


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]


def changed(sealed: Sealed, part: str, value: bytes) -> Sealed:
    return replace(sealed, **{part: value})  # type: ignore[arg-type]


def test_an_honest_envelope_is_taken_and_opens(check: Check, sealed: Sealed, alice: Keys, bob: Keys) -> None:
    assert check().message == MESSAGE
    for reader in (alice, bob):
        assert reader.open(sealed, sender=alice) == {"text": "Hello Bob"}


def test_the_server_refuses_every_flipped_byte(check: Check, sealed: Sealed) -> None:
    for part in ("header", "body", "signature"):
        data = getattr(sealed, part)
        for at in range(len(data)):
            with pytest.raises(envelope.EnvelopeError):
                check(**{part: flip(data, at)})


def test_a_reader_refuses_every_flipped_byte(sealed: Sealed, alice: Keys, bob: Keys) -> None:
    for part in ("header", "body", "signature"):
        data = getattr(sealed, part)
        for at in range(len(data)):
            with pytest.raises(envelope.EnvelopeError):
                bob.open(changed(sealed, part, flip(data, at)), sender=alice)


def test_a_reader_refuses_every_flipped_byte_of_a_wrap(sealed: Sealed, alice: Keys, bob: Keys) -> None:
    mine = next(each for each in sealed.wraps if each.device == bob.key_set)
    for at in range(0, len(mine.wrap), 3):
        altered = replace(sealed, wraps=(replace(mine, wrap=flip(mine.wrap, at)),))
        with pytest.raises(envelope.EnvelopeError, match="wrap"):
            bob.open(altered, sender=alice)


def test_a_body_is_not_opened_by_whoever_knows_another_messages_secret(alice: Keys, bob: Keys) -> None:
    line = Line(alice, CONVERSATION, ORIGIN, (alice, bob), 2)
    first, second = (line.seal(text, created_ms=NOW) for text in ("one", "two"))
    with pytest.raises(envelope.EnvelopeError, match="wrap"):
        bob.open(replace(second, wraps=first.wraps), sender=alice)


def test_a_commitment_to_another_text_is_not_shown(alice: Keys, bob: Keys) -> None:
    # Alice signs a header whose commitment is not of the text inside: nobody could prove what she wrote.
    secret = bytes(range(32))
    line = Line(alice, CONVERSATION, ORIGIN, (alice, bob), 2)
    honest = Header.parse(line.seal("Hello", created_ms=NOW).header)
    draft = replace(honest, commitment=envelope.ZERO32)
    key, nonce, _ = sealing._derive(secret, draft)
    header = replace(honest, commitment=b"\1" * 32).encode()
    body = AESGCM(key).encrypt(nonce, sealing.pad(b'{"text":"Bye"}'), header)
    signature = alice.sign.sign(envelope.signed_bytes(header, body), PSS(MGF1(SHA256()), 32), SHA256())
    forged = Sealed(header, body, signature, (sealing._wrap(secret, header, bob.recipient),))
    with pytest.raises(envelope.EnvelopeError, match="commitment"):
        bob.open(forged, sender=alice)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("origin_hash", envelope.origin_hash("https://other.example"), "bad_envelope"),
        ("conversation", uuid7(), "bad_envelope"),
        ("message", uuid7(), "bad_envelope"),
        ("sender", BOB, "bad_envelope"),
        ("device", uuid7(), "bad_envelope"),
        ("sig_key_id", b"\1" * 32, "bad_envelope"),
        ("roster_version", 3, "roster_changed"),
        ("roster_hash", b"\1" * 32, "roster_changed"),
        ("counter", 2, "counter_conflict"),
        ("prev", b"\1" * 32, "counter_conflict"),
        ("now_ms", NOW + envelope.CLOCK_WINDOW_MS + 1, "clock_skew"),
        ("now_ms", NOW - envelope.CLOCK_WINDOW_MS - 1, "clock_skew"),
    ],
)
def test_a_header_for_another_situation_is_refused(
    check: Check, expected: Expected, field: str, value: object, code: str
) -> None:
    with pytest.raises(envelope.EnvelopeError) as refused:
        check(expected=replace(expected, **{field: value}))  # type: ignore[arg-type]
    assert refused.value.code == code


def test_the_clock_may_differ_by_exactly_the_window(check: Check, expected: Expected) -> None:
    for now_ms in (NOW - envelope.CLOCK_WINDOW_MS, NOW + envelope.CLOCK_WINDOW_MS):
        assert check(expected=replace(expected, now_ms=now_ms))


def test_wraps_are_exactly_those_of_the_roster(check: Check, sealed: Sealed, bob: Keys) -> None:
    mine, theirs = sealed.wraps
    stranger = Wrap(uuid7(), bytes(32), theirs.wrap)
    for wraps in (
        (),
        (mine,),
        (theirs,),
        (mine, mine),
        (mine, theirs, theirs),
        (mine, theirs, stranger),
        (mine, stranger),
        (mine, replace(theirs, key_id=bytes(32))),
        (mine, replace(theirs, wrap=theirs.wrap[:-1])),
    ):
        with pytest.raises(envelope.EnvelopeError, match="wraps"):
            check(wraps=wraps)
    assert check(wraps=(theirs, mine))


def test_another_members_signature_is_refused(check: Check, bob: Keys) -> None:
    with pytest.raises(envelope.BadSignature):
        check(sign_spki=bob.sign_spki)
    with pytest.raises(envelope.BadSignature):
        check(sign_spki=b"not a key")


@pytest.mark.parametrize("kind", [2, 3, 4, 5])
def test_kinds_that_do_not_exist_yet_are_refused(check: Check, sealed: Sealed, kind: int) -> None:
    with pytest.raises(envelope.EnvelopeError, match="kind"):
        check(header=replace(Header.parse(sealed.header), kind=kind).encode())


def test_the_readable_suite_is_a_downgrade(check: Check, sealed: Sealed, alice: Keys, bob: Keys) -> None:
    header = replace(Header.parse(sealed.header), suite=envelope.SUITE_STANDARD).encode()
    with pytest.raises(envelope.EnvelopeError, match="suite"):
        check(header=header)
    with pytest.raises(envelope.EnvelopeError, match="suite"):
        bob.open(replace(sealed, header=header), sender=alice)


@pytest.mark.parametrize("length", [0, 16, 255 + 16, 257 + 16, 384 + 16])
def test_bodies_have_padded_lengths_only(check: Check, length: int) -> None:
    with pytest.raises(envelope.EnvelopeError, match="padded"):
        check(body=bytes(length))


def test_a_body_beyond_the_limit_is_too_long(check: Check) -> None:
    assert envelope.body_limit() == 131_072 + 16
    with pytest.raises(envelope.BodyTooLong):
        check(body=bytes(262_144 + 16))


_ids = st.uuids()
_digests = st.binary(min_size=32, max_size=32)
_numbers = st.integers(0, 2**64 - 1)


@given(
    st.builds(
        Header,
        suite=st.sampled_from([0, 1]),
        kind=st.integers(1, 5),
        flags=st.just(0),
        origin_hash=_digests,
        conversation=_ids,
        message=_ids,
        sender=_ids,
        device=_ids,
        sig_key_id=_digests,
        roster_version=_numbers,
        roster_hash=_digests,
        counter=_numbers,
        prev=_digests,
        created_ms=_numbers,
        commitment=_digests,
    )
)
def test_encoding_and_parsing_are_inverse(header: Header) -> None:
    assert len(header.encode()) == envelope.HEADER_LENGTH
    assert Header.parse(header.encode()) == header


@given(st.binary(max_size=400))
def test_any_other_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(envelope.EnvelopeError):
        Header.parse(data)


@given(st.binary(max_size=5_000))
def test_padding_hides_the_length_and_comes_off(content: bytes) -> None:
    padded = sealing.pad(content)
    assert len(padded) >= envelope.PAYLOAD_MINIMUM
    assert len(padded) & (len(padded) - 1) == 0
    assert sealing.unpad(padded) == content
    with pytest.raises(envelope.EnvelopeError):
        sealing.unpad(padded + bytes(len(padded)))


def test_padding_that_carries_something_is_refused() -> None:
    padded = sealing.pad(b"x")
    for altered in (padded[:-1] + b"\1", b"\xff" * 4 + padded[4:], padded[:-1], b""):
        with pytest.raises(envelope.EnvelopeError):
            sealing.unpad(altered)


@pytest.mark.parametrize("name", ["envelope_python", "envelope_browser"])
def test_opens_the_vectors_of_both_sides(name: str) -> None:
    vectors = json.loads((VECTORS / f"{name}.json").read_text())
    people = {who: _keys(each) for who, each in vectors["keys"].items()}
    sender = people[vectors["sender"]]
    assert vectors["roster"]["hash"] == roster_of(tuple(people.values())).hex()
    prev = envelope.ZERO32
    for counter, message in enumerate(vectors["messages"], start=1):
        sealed = _sealed(message["draft"])
        header = Header.parse(sealed.header)
        assert (header.counter, header.prev) == (counter, prev)
        assert header.roster_hash.hex() == vectors["roster"]["hash"]
        envelope.check_body(sealed.body)
        for reader in people.values():
            assert reader.open(sealed, sender=sender) == {"text": message["text"]}
        prev = envelope.body_digest(sealed.header, sealed.body)


def test_refuses_every_flipped_byte_of_the_browsers_envelope() -> None:
    vectors = json.loads((VECTORS / "envelope_browser.json").read_text())
    alice, bob = (_keys(vectors["keys"][who]) for who in ("alice", "bob"))
    sealed = _sealed(vectors["messages"][0]["draft"])
    for part in ("header", "body", "signature"):
        data = getattr(sealed, part)
        for at in range(len(data)):
            with pytest.raises(envelope.EnvelopeError):
                alice.open(changed(sealed, part, flip(data, at)), sender=bob)


def test_the_browsers_proof_of_possession_convinces_the_server() -> None:
    vectors = json.loads((VECTORS / "envelope_browser.json").read_text())
    bob, proof = _keys(vectors["keys"]["bob"]), vectors["possession"]
    secret = b64decode(proof["secret"])
    for origin, convinces in ((vectors["origin"], True), ("https://other.example", False)):
        signed = possession_bytes(
            origin=origin,
            user=bob.user,
            key_set=bob.key_set,
            device=UUID(proof["device"]),
            encrypt_key_id=key_id(bob.encrypt_spki),
            sign_key_id=key_id(bob.sign_spki),
            challenge=secret,
        )
        assert convinces is is_possession_proven(
            sign_spki=bob.sign_spki,
            signed=signed,
            signature=b64decode(proof["signature"]),
            secret=secret,
            decrypted=b64decode(proof["decrypted"]),
        )


def _keys(person: dict[str, str]) -> Keys:
    pair = [load_der_private_key(b64decode(person[f"{use}_pkcs8"]), None) for use in ("encrypt", "sign")]
    assert isinstance(pair[0], RSAPrivateKey)
    assert isinstance(pair[1], RSAPrivateKey)
    assert spki(pair[0]) != spki(pair[1])
    ids = (UUID(person["key_set"]), UUID(person["device"]))
    return Keys(UUID(person["user"]), pair[0], pair[1], *ids)


def _sealed(draft: dict[str, Any]) -> Sealed:
    wraps = (
        Wrap(UUID(each["device"]), bytes.fromhex(each["key_id"]), b64decode(each["wrap"]))
        for each in draft["wraps"]
    )
    header, body, signature = (b64decode(draft[part]) for part in ("header", "body", "signature"))
    return Sealed(header, body, signature, tuple(wraps))
