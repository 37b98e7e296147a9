"""What a member's browser does, without a browser: holds keys, proves them, seals and opens envelopes.

Knows no database; `beyou.messaging.sealing` does the work. Keys are real RSA-3072 keys, made once per name
and process because making them is the slowest thing in a test.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PSS
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from beyou.core.ids import uuid7
from beyou.keys.rules import POSSESSION, possession_bytes
from beyou.messaging import sealing
from beyou.messaging.envelope import ZERO32, Wrap, body_digest, roster_hash


@lru_cache(maxsize=64)
def private_key(name: str) -> rsa.RSAPrivateKey:
    """The key of this name: the same one for the life of the process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def spki(key: rsa.RSAPrivateKey) -> bytes:
    """SubjectPublicKeyInfo DER of the public half."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class Keys:
    """One enrolled browser of one member: both private keys, the key set and the browser's device id."""

    user: UUID
    encrypt: rsa.RSAPrivateKey
    sign: rsa.RSAPrivateKey
    key_set: UUID = field(default_factory=uuid7)
    device: UUID = field(default_factory=uuid7)

    @classmethod
    def of(cls, name: str, user: UUID) -> "Keys":
        """A new key set from the keys kept under `name`."""
        return cls(user, private_key(f"{name} encrypt"), private_key(f"{name} sign"))

    @property
    def encrypt_spki(self) -> bytes:
        return spki(self.encrypt)

    @property
    def sign_spki(self) -> bytes:
        return spki(self.sign)

    @property
    def recipient(self) -> sealing.Recipient:
        return sealing.Recipient(self.user, self.key_set, self.encrypt_spki)

    def prove(self, *, origin: str, sign_challenge: bytes, encrypt_challenge: bytes) -> tuple[bytes, bytes]:
        """The signature and the decrypted secret that publishing these keys asks for."""
        claim = possession_bytes(
            origin=origin,
            user=self.user,
            key_set=self.key_set,
            device=self.device,
            encrypt_key_id=sha256(self.encrypt_spki).digest(),
            sign_key_id=sha256(self.sign_spki).digest(),
            challenge=sign_challenge,
        )
        signature = self.sign.sign(claim, PSS(MGF1(SHA256()), 32), SHA256())
        return signature, self.encrypt.decrypt(encrypt_challenge, OAEP(MGF1(SHA256()), SHA256(), POSSESSION))

    def open(self, sealed: sealing.Sealed, *, sender: "Keys") -> Mapping[str, Any]:
        """The verified payload; raises `EnvelopeError` for anything doubtful."""
        wrap = next(each for each in sealed.wraps if each.device == self.key_set)
        return sealing.open_envelope(
            header=sealed.header,
            body=sealed.body,
            signature=sealed.signature,
            wrap=wrap,
            decryption_key=self.encrypt,
            sign_spki=sender.sign_spki,
        ).payload


@dataclass(slots=True)
class Line:
    """One browser's messages in one conversation, each linked to the one before it."""

    keys: Keys
    conversation: UUID
    origin: str
    audience: Sequence[Keys]
    roster_version: int
    counter: int = 0
    prev: bytes = ZERO32

    def seal(self, text: str, *, created_ms: int, message: UUID | None = None) -> sealing.Sealed:
        """The next envelope to everybody in `audience`, as if the server took the one before."""
        sealed = sealing.seal(
            text=text,
            origin=self.origin,
            conversation=self.conversation,
            message=message or uuid7(),
            sender=self.keys.user,
            device=self.keys.device,
            signing_key=self.keys.sign,
            recipients=[each.recipient for each in self.audience],
            roster_version=self.roster_version,
            counter=self.counter + 1,
            prev=self.prev,
            created_ms=created_ms,
        )
        self.counter += 1
        self.prev = body_digest(sealed.header, sealed.body)
        return sealed


def roster_of(audience: Sequence[Keys]) -> bytes:
    """The hash that envelopes to this audience carry."""
    return roster_hash(each.recipient.entry for each in audience)


def base64(data: bytes) -> str:
    """Standard base64 with padding, as everything binary on the wire."""
    return b64encode(data).decode()


def wire_wraps(wraps: Sequence[Wrap]) -> list[dict[str, str]]:
    """Wraps as the API takes them."""
    return [
        {"device": str(each.device), "key_id": each.key_id.hex(), "wrap": base64(each.wrap)} for each in wraps
    ]


def wire_draft(message: UUID, sealed: sealing.Sealed) -> dict[str, Any]:
    """A sealed draft as POST …/messages and a `send` frame take it."""
    return {
        "id": str(message),
        "header": base64(sealed.header),
        "body": base64(sealed.body),
        "signature": base64(sealed.signature),
        "wraps": wire_wraps(sealed.wraps),
    }


def wire_roster(audience: Sequence[Keys], version: int) -> dict[str, Any]:
    """What GET …/roster answers, without `mine` and retired keys."""
    return {
        "version": version,
        "hash": roster_of(audience).hex(),
        "entries": [
            {
                "user": str(each.user),
                "device": str(each.key_set),
                "encrypt_key_id": sha256(each.encrypt_spki).hexdigest(),
                "encrypt_spki": base64(each.encrypt_spki),
                "sign_key_id": sha256(each.sign_spki).hexdigest(),
                "sign_spki": base64(each.sign_spki),
            }
            for each in audience
        ],
    }
