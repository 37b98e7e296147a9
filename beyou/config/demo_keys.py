"""Keys of demo members. The server makes them, so they protect nothing: for looking around only.

Everywhere else private keys are made in browsers and stay there; production refuses the whole demo.
"""

import os
from base64 import encodebytes
from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PSS
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.conf import settings

from beyou.core.ids import uuid7
from beyou.keys import rules, services
from beyou.messaging.sealing import Recipient

#: What it says of itself.
PASSPHRASE = "DEMO-KEYS-PROT-ECTN-OBOD-YEVE-RYON-EHAS"  # noqa: S105  (public on purpose)
ITERATIONS = 600_000
_BLOCK = "ENCRYPTED PRIVATE KEY"
_OIDS = {
    "PBES2": "2a864886f70d01050d",
    "PBKDF2": "2a864886f70d01050c",
    "HMAC-SHA256": "2a864886f70d0209",
    "AES-256-CBC": "60864801650304012a",
}


def folder() -> Path:
    """Where the recovery files of demo members lie."""
    path: Path = settings.DATA_DIR / "demo"
    return path


def recovery_path(handle: str) -> Path:
    return folder() / f"{handle}.pem"


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def spki(key: rsa.RSAPrivateKey) -> bytes:
    """SubjectPublicKeyInfo DER of the public half."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class DemoKeys:
    """What the browser of one member would hold."""

    member_id: UUID
    encrypt: rsa.RSAPrivateKey = field(default_factory=_new_key)
    sign: rsa.RSAPrivateKey = field(default_factory=_new_key)
    key_set: UUID = field(default_factory=uuid7)
    device: UUID = field(default_factory=uuid7)

    @property
    def recipient(self) -> Recipient:
        return Recipient(self.member_id, self.key_set, spki(self.encrypt))

    def publish(self) -> None:
        """The keys are the member's, proven as a browser proves them."""
        challenge = services.start_challenge(
            member_id=self.member_id,
            encrypt_spki=spki(self.encrypt),
            sign_spki=spki(self.sign),
            key_set=self.key_set,
            device=self.device,
        )
        claim = rules.possession_bytes(
            origin=settings.ORIGIN,
            user=self.member_id,
            key_set=self.key_set,
            device=self.device,
            encrypt_key_id=rules.key_id(spki(self.encrypt)),
            sign_key_id=rules.key_id(spki(self.sign)),
            challenge=challenge.sign_challenge,
        )
        services.publish(
            member_id=self.member_id,
            challenge_id=challenge.id,
            signature=self.sign.sign(claim, PSS(MGF1(SHA256()), 32), SHA256()),
            decrypted=self.encrypt.decrypt(
                challenge.encrypt_challenge, OAEP(MGF1(SHA256()), SHA256(), rules.POSSESSION)
            ),
            label="Demo, made by the server",
        )

    def write_recovery(self, handle: str) -> None:
        """The recovery file that a browser opens with `PASSPHRASE` is in the demo folder."""
        folder().mkdir(parents=True, exist_ok=True)
        recovery_path(handle).write_text(
            "BeYou recovery file of a DEMO member: its passphrase is public.\n"
            f"Origin: {settings.ORIGIN}\nMember: {self.member_id}\nKey set: {self.key_set}\n\n"
            f"Encryption key (RSA-OAEP):\n{_armor(self.encrypt)}\nSigning key (RSA-PSS):\n{_armor(self.sign)}"
        )


def _armor(key: rsa.RSAPrivateKey) -> str:
    """PEM of an encrypted PKCS #8 key: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018).

    Written out here since the library offers only 2,048 iterations, which browsers refuse.
    """
    salt, iv = os.urandom(16), os.urandom(16)
    secret = pbkdf2_hmac("sha256", PASSPHRASE.encode(), salt, ITERATIONS, 32)
    padder, encryptor = PKCS7(128).padder(), Cipher(AES256(secret), CBC(iv)).encryptor()
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    rounds = _der(0x02, ITERATIONS.to_bytes(3, "big"))
    prf = _sequence(_oid("HMAC-SHA256"), _der(0x05))
    kdf = _sequence(_oid("PBKDF2"), _sequence(_der(0x04, salt), rounds, prf))
    cipher = _sequence(_oid("AES-256-CBC"), _der(0x04, iv))
    info = _sequence(_sequence(_oid("PBES2"), _sequence(kdf, cipher)), _der(0x04, sealed))
    text = encodebytes(info).decode()
    return f"-----BEGIN {_BLOCK}-----\n{text}-----END {_BLOCK}-----\n"


def _der(tag: int, content: bytes = b"") -> bytes:
    """One element of DER (X.690): tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _oid(name: str) -> bytes:
    return _der(0x06, bytes.fromhex(_OIDS[name]))
