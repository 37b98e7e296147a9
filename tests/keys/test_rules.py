"""Which public keys are taken, and who can show that a key is theirs."""

from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from beyou.core.ids import uuid7
from beyou.keys import rules
from tests.factories.crypto import Keys, private_key, spki

ORIGIN = "https://beyou.example"
USER = UUID("01910000-0000-7000-8000-00000000000a")
CHALLENGE = bytes(range(32))
SECRET = bytes(range(32, 64))


def public(modulus: int, exponent: int = rules.EXPONENT) -> bytes:
    """The SPKI of a key with this modulus, whoever made it."""
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def refusal(data: bytes) -> str:
    with pytest.raises(rules.UnacceptableKey) as refused:
        rules.accept_key(data)
    return refused.value.reason


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys.of("rules alice", USER)


def test_a_sound_key_is_taken_with_its_id(keys: Keys) -> None:
    accepted = rules.accept_key(keys.encrypt_spki)
    assert (accepted.bits, accepted.spki) == (3072, keys.encrypt_spki)
    assert accepted.key_id == rules.key_id(keys.encrypt_spki)


@pytest.mark.parametrize("bits", [1024, 2048, 3071, 8192])
def test_other_sizes_are_refused(bits: int) -> None:
    assert refusal(public(_odd(bits))) == "size"


def _odd(bits: int) -> int:
    return (1 << (bits - 1)) | 0b101


@pytest.mark.parametrize("exponent", [3, 17, 65539])
def test_other_exponents_are_refused(exponent: int) -> None:
    modulus = private_key("rules alice encrypt").public_key().public_numbers().n
    assert refusal(public(modulus, exponent)) == "exponent"


@pytest.mark.parametrize("factor", [3, 7, 167])
def test_a_modulus_with_a_small_factor_is_refused(factor: int) -> None:
    modulus = factor * ((1 << 3071) // factor + 1) | 1
    while modulus % factor or modulus % 2 == 0:
        modulus += 1
    assert modulus.bit_length() == 3072
    assert refusal(public(modulus)) == "weak"


def test_an_infineon_modulus_is_refused() -> None:
    """Both primes have the form k·M + (65537^a mod M), with M a primorial (CVE-2017-15361)."""
    primorial = 1
    for prime in (2, *rules._ODD_PRIMES):
        primorial *= prime
    assert rules.has_roca_shape(pow(65537, 1234567, primorial))
    modulus = pow(65537, 7654321, primorial) + primorial * ((1 << 3071) // primorial + 1)
    assert modulus.bit_length() == 3072
    assert rules.has_roca_shape(modulus)
    assert refusal(public(modulus)) == "weak"


@given(st.integers(2**3071, 2**3072 - 1))
def test_numbers_do_not_look_like_infineons_by_chance(number: int) -> None:
    assert not rules.has_roca_shape(number)


def test_other_kinds_of_keys_are_refused() -> None:
    for other in (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()):
        data = other.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert refusal(data) == "not_rsa"


@pytest.mark.parametrize("data", [b"", b"\0", b"0" * 422, b"\x30\x80\x00\x00"])
def test_what_is_no_key_is_refused(data: bytes) -> None:
    assert refusal(data) == "unreadable"


@settings(deadline=None)  # The first example may have to make the key.
@given(st.data())
def test_a_key_that_was_cut_or_altered_is_refused_or_has_another_id(data: st.DataObject) -> None:
    good = spki(private_key("rules alice encrypt"))
    at = data.draw(st.integers(0, len(good) - 1))
    altered = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    for each in (altered, good[:at]):
        try:
            accepted = rules.accept_key(each)
        except rules.UnacceptableKey:
            continue
        assert accepted.key_id != rules.key_id(good)


def test_a_second_encoding_of_the_same_key_is_refused(keys: Keys) -> None:
    assert refusal(keys.encrypt_spki + b"\0") in ("encoding", "unreadable")
    # The algorithm's NULL left out: readable for OpenSSL, but it would give the key a second id.
    without_null = keys.encrypt_spki.replace(b"\x30\x0d\x06\x09", b"\x30\x0b\x06\x09", 1).replace(
        b"\x05\x00", b"", 1
    )
    length = int.from_bytes(without_null[2:4], "big") - 2
    shorter = without_null[:2] + length.to_bytes(2, "big") + without_null[4:]
    assert refusal(shorter) in ("encoding", "unreadable")


def _proof(keys: Keys, **changes: object) -> bool:
    """Whether the browser's answer convinces a server whose view differs by `changes`."""
    hidden = rules.encrypt_challenge(keys.encrypt_spki, SECRET)
    signature, decrypted = keys.prove(origin=ORIGIN, sign_challenge=CHALLENGE, encrypt_challenge=hidden)
    claim: dict[str, object] = {
        "origin": ORIGIN,
        "user": keys.user,
        "key_set": keys.key_set,
        "device": keys.device,
        "encrypt_key_id": rules.key_id(keys.encrypt_spki),
        "sign_key_id": rules.key_id(keys.sign_spki),
        "challenge": CHALLENGE,
    }
    return rules.is_possession_proven(
        sign_spki=keys.sign_spki,
        signed=rules.possession_bytes(**claim | changes),  # type: ignore[arg-type]
        signature=signature,
        secret=SECRET,
        decrypted=decrypted,
    )


def test_the_holder_of_both_keys_is_believed(keys: Keys) -> None:
    assert _proof(keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://other.example"},
        {"user": uuid7()},
        {"key_set": uuid7()},
        {"device": uuid7()},
        {"encrypt_key_id": bytes(32)},
        {"sign_key_id": bytes(32)},
        {"challenge": bytes(32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_proof_holds_for_one_situation_only(keys: Keys, changes: dict[str, object]) -> None:
    assert not _proof(keys, **changes)


def test_neither_half_of_a_proof_is_enough(keys: Keys) -> None:
    signed = b"anything"
    other = Keys.of("rules bob", uuid7())
    hidden = rules.encrypt_challenge(keys.encrypt_spki, SECRET)
    signature, decrypted = keys.prove(origin=ORIGIN, sign_challenge=CHALLENGE, encrypt_challenge=hidden)
    assert not rules.is_possession_proven(
        sign_spki=other.sign_spki, signed=signed, signature=signature, secret=SECRET, decrypted=decrypted
    )
    claim = {"key_set": keys.key_set, "device": keys.device, "user": keys.user, "challenge": CHALLENGE}
    ids = {
        "encrypt_key_id": rules.key_id(keys.encrypt_spki),
        "sign_key_id": rules.key_id(keys.sign_spki),
    }
    honest = rules.possession_bytes(origin=ORIGIN, **claim, **ids)  # type: ignore[arg-type]
    for wrong in (b"", bytes(32), SECRET[:-1], SECRET + b"\0"):
        assert not rules.is_possession_proven(
            sign_spki=keys.sign_spki, signed=honest, signature=signature, secret=SECRET, decrypted=wrong
        )
    # An empty secret would be "returned" by anybody.
    assert not rules.is_possession_proven(
        sign_spki=keys.sign_spki, signed=honest, signature=signature, secret=b"", decrypted=b""
    )


def test_a_challenge_opens_for_its_key_alone(keys: Keys) -> None:
    other = Keys.of("rules bob", uuid7())
    hidden = rules.encrypt_challenge(keys.encrypt_spki, SECRET)
    with pytest.raises(ValueError, match="Decryption failed"):
        other.prove(origin=ORIGIN, sign_challenge=CHALLENGE, encrypt_challenge=hidden)
