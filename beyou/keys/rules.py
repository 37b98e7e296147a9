"""What makes a public key acceptable, and the exact bytes that prove possession of its private half.

Pure: no Django, clock or I/O. Keys travel as SubjectPublicKeyInfo DER (RFC 5280); their id is the
SHA-256 of those bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from hmac import compare_digest
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

ACCEPTED_BITS = (3072, 4096)
EXPONENT = 65537
CHALLENGE_LENGTH = 32
POSSESSION = b"BYE1 pop"

_ODD_PRIMES = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip


class UnacceptableKey(ValueError):
    """A public key that is refused; ``reason`` is a stable word, the message a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An accepted RSA public key: its bytes, its id (32 bytes) and its modulus length in bits."""

    spki: bytes
    key_id: bytes
    bits: int


def key_id(spki: bytes) -> bytes:
    """SHA-256 of the key's SubjectPublicKeyInfo (32 bytes)."""
    return sha256(spki).digest()


def accept_key(spki: bytes) -> PublicKey:
    """The key, when it is RSA of an accepted size, with e = 65537, in its one DER encoding, and sound.

    Raises ``UnacceptableKey`` with reason ``unreadable``, ``not_rsa``, ``size``, ``exponent``,
    ``encoding`` or ``weak``. A second encoding of one key is refused because it would have a second id.
    """
    key = _load(spki)
    numbers = key.public_numbers()
    if key.key_size not in ACCEPTED_BITS:
        raise UnacceptableKey("size", f"The key has {key.key_size} bits; 3072 or 4096 are accepted.")
    if numbers.e != EXPONENT:
        raise UnacceptableKey("exponent", "The public exponent must be 65537.")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != spki:
        raise UnacceptableKey("encoding", "The key is not in its canonical encoding.")
    if (
        numbers.n % 2 == 0
        or any(numbers.n % prime == 0 for prime in _ODD_PRIMES)
        or has_roca_shape(numbers.n)
    ):
        raise UnacceptableKey("weak", "The key comes from a broken generator.")
    return PublicKey(spki, key_id(spki), key.key_size)


def _load(spki: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnacceptableKey("unreadable", "The key is not a readable SubjectPublicKeyInfo.") from error
    if not isinstance(key, RSAPublicKey):
        raise UnacceptableKey("not_rsa", "The key is not an RSA key.")
    return key


@cache
def _powers(prime: int) -> frozenset[int]:
    return frozenset(pow(EXPONENT, exponent, prime) for exponent in range(prime))


def has_roca_shape(modulus: int) -> bool:
    """True when the modulus carries the fingerprint of CVE-2017-15361 (factorable Infineon keys).

    Such moduli are powers of 65537 modulo every small prime; a sound one is so by chance about once
    in 2**28.
    """
    return all(modulus % prime in _powers(prime) for prime in _ODD_PRIMES)


def possession_bytes(
    *,
    origin: str,
    user: UUID,
    key_set: UUID,
    device: UUID,
    encrypt_key_id: bytes,
    sign_key_id: bytes,
    challenge: bytes,
) -> bytes:
    """What the browser signs to show that it holds both private keys for this member, here and now."""
    return b"".join(
        (
            POSSESSION,
            sha256(origin.encode()).digest(),
            user.bytes,
            key_set.bytes,
            device.bytes,
            encrypt_key_id,
            sign_key_id,
            challenge,
        )
    )


def encrypt_challenge(encrypt_spki: bytes, secret: bytes) -> bytes:
    """``secret`` (32 bytes) under RSA-OAEP-SHA256 with label "BYE1 pop", for the key's holder alone."""
    return _load(encrypt_spki).encrypt(secret, OAEP(MGF1(SHA256()), SHA256(), POSSESSION))


def is_possession_proven(
    *, sign_spki: bytes, signed: bytes, signature: bytes, secret: bytes, decrypted: bytes
) -> bool:
    """True when the RSA-PSS signature (salt 32) holds over ``signed`` and the secret came back."""
    try:
        _load(sign_spki).verify(signature, signed, PSS(MGF1(SHA256()), 32), SHA256())
    except InvalidSignature:
        return False
    return len(secret) == CHALLENGE_LENGTH and compare_digest(secret, decrypted)


def fingerprint(encrypt_key_id: bytes, sign_key_id: bytes) -> str:
    """Sixteen bytes over both keys in hexadecimal groups, for people to compare; browsers show the same."""
    digest = sha256(encrypt_key_id + sign_key_id).hexdigest()
    groups = [digest[start : start + 4] for start in range(0, 32, 4)]
    return f"{' '.join(groups[:4])} · {' '.join(groups[4:])}"
