"""Formats and notes: vectors, round trips, and refusal of anything else."""

import hashlib
import hmac
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.ledger import note
from beyou.ledger.format import (
    BlockHeader,
    Consensus,
    Entry,
    FormatError,
    Kind,
    Mode,
    Opening,
    commitment,
)
from beyou.ledger.note import Checkpoint, NoteError, Signer, VerifierKey, open_note
from tests.ledger import make_vectors

digests = st.binary(min_size=32, max_size=32)
u64 = st.integers(0, 2**64 - 1)
openings = st.builds(
    Opening,
    mode=st.sampled_from(Mode),
    message=st.uuids(),
    conversation=st.uuids(),
    sender=st.uuids(),
    conv_seq=u64,
    created_ms=u64,
    body=digests,
    signature=digests,
    media=digests,
    ref_seq=u64,
    flags=st.integers(0, 2**16 - 1),
)
headers = st.builds(
    BlockHeader,
    consensus=st.sampled_from(Consensus),
    difficulty_bits=st.integers(0, 255),
    index=u64,
    timestamp_ms=u64,
    prev_hash=digests,
    first_seq=u64,
    leaf_count=st.integers(0, 2**32 - 1),
    data_hash=digests,
    tree_size=u64,
    tree_root=digests,
    nonce=u64,
)


def test_the_stored_vectors_are_what_the_code_makes() -> None:
    assert json.loads(make_vectors.PATH.read_text()) == json.loads(json.dumps(make_vectors.build()))


@given(openings, digests)
def test_an_opening_round_trips_and_its_commitment_is_plain_hmac(opening: Opening, salt: bytes) -> None:
    encoded = opening.encode()
    assert len(encoded) == 171
    assert Opening.parse(encoded) == opening
    expected = hmac.new(salt, b"beyou/commit/1\0" + encoded, hashlib.sha256).digest()
    assert commitment(salt, opening) == expected


@given(headers)
def test_a_header_round_trips(header: BlockHeader) -> None:
    encoded = header.encode()
    assert len(encoded) == 148
    assert BlockHeader.parse(encoded) == header
    assert header.hash() == hashlib.sha256(encoded).digest()


@given(st.sampled_from(Kind), digests)
def test_an_entry_round_trips(kind: Kind, value: bytes) -> None:
    encoded = Entry(kind, value).encode()
    assert len(encoded) == 40
    assert Entry.parse(encoded) == Entry(kind, value)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_and_never_crash(data: bytes) -> None:
    for parse in (Entry.parse, Opening.parse, BlockHeader.parse):
        try:
            value = parse(data)
        except FormatError:
            continue
        assert value.encode() == data


@pytest.mark.parametrize("at", range(8))
def test_an_entry_with_a_changed_prefix_is_refused(at: int) -> None:
    data = bytearray(Entry(Kind.MESSAGE, bytes(32)).encode())
    data[at] ^= 0x80
    with pytest.raises(FormatError):
        Entry.parse(bytes(data))


def test_values_out_of_range_are_refused() -> None:
    good = make_vectors._openings()[0]
    for change in ({"body": b"short"}, {"conv_seq": 2**64}, {"flags": 2**16}, {"created_ms": -1}):
        fields = {name: getattr(good, name) for name in Opening.__slots__} | change
        with pytest.raises(FormatError):
            Opening(**fields).encode()
    with pytest.raises(FormatError):
        commitment(b"short", good)


@pytest.mark.parametrize("bits", [0, 1, 8, 12])
def test_mining_meets_the_difficulty_and_counts_its_attempts(bits: int) -> None:
    header = BlockHeader(Consensus.POW, bits, 1, 2, bytes(32), 3, 4, bytes(32), 5, bytes(32))
    mined, attempts = header.mined()
    assert mined.meets_difficulty()
    assert int.from_bytes(mined.hash(), "big") >> (256 - bits) == 0
    assert attempts == mined.nonce + 1


SIGNER = Signer("ledger.example/beyou", bytes(range(32)))


# Published with golang.org/x/mod/sumdb/note: a key and a signature made by another implementation.
FOREIGN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
FOREIGN_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGU"
    "gYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_signed_by_another_implementation_opens() -> None:
    key = VerifierKey.parse(FOREIGN_KEY)
    assert open_note(FOREIGN_NOTE, [SIGNER.verifier, key]).startswith("If you think")
    with pytest.raises(NoteError, match="is wrong"):
        open_note(FOREIGN_NOTE.replace("your", "my", 1), [key])
    with pytest.raises(NoteError, match="no trusted key"):
        open_note(FOREIGN_NOTE, [SIGNER.verifier])


def test_a_verifier_key_round_trips_and_refuses_a_foreign_id() -> None:
    key = SIGNER.verifier
    assert VerifierKey.parse(str(key)) == key
    assert key.key_id == hashlib.sha256(key.name.encode() + b"\n\x01" + key.public).digest()[:4]
    name, _, encoded = str(key).split("+", 2)
    for bad in (
        f"{name}+00000000+{encoded}",
        f"{name}+{key.key_id.hex()}+AA==",
        "x",
        "",
        f"a b+{key.key_id.hex()}+{encoded}",
    ):
        with pytest.raises(NoteError):
            VerifierKey.parse(bad)


def test_any_changed_byte_of_a_checkpoint_is_refused() -> None:
    signed = SIGNER.note(Checkpoint(SIGNER.verifier.name, 600, bytes(range(32))).text())
    assert Checkpoint.open(signed, SIGNER.verifier).size == 600
    raw = signed.encode()
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises((NoteError, UnicodeDecodeError)):
            Checkpoint.open(changed.decode(), SIGNER.verifier)


def test_a_checkpoint_of_another_log_or_key_is_refused() -> None:
    other = Signer("other.example", bytes(32))
    signed = other.note(Checkpoint(SIGNER.verifier.name, 1, bytes(32)).text())
    with pytest.raises(NoteError):
        Checkpoint.open(signed, SIGNER.verifier)
    with pytest.raises(NoteError, match=r"is of 'ledger\.example/beyou'"):
        Checkpoint.open(signed, other.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAA==\n",
        "a\n-1\nAA==\n",
        "a\n1\nAA==\nextension\n",
        "\n1\n" + note.b64(bytes(32)) + "\n",
        "a\n1\n" + note.b64(bytes(31)) + "\n",
        "a\n١\n" + note.b64(bytes(32)) + "\n",
    ],
)
def test_malformed_checkpoint_texts_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_ids_are_written_in_network_order() -> None:
    opening = make_vectors._openings()[0]
    assert opening.encode()[3:19] == UUID("018f2b6e-7c00-7000-8000-000000000001").bytes
