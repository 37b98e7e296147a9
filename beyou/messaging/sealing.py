"""Makes and opens sealed BYE1 envelopes: what a browser's worker does, for the demo and for tests.

The running server never calls ``open_envelope``: it holds no private key. Pure: no Django, clock or
I/O besides the operating system's random source.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from beyou.messaging.envelope import (
    KIND_TEXT,
    SUITE_RSA,
    ZERO32,
    EnvelopeError,
    Header,
    RosterEntry,
    Wrap,
    origin_hash,
    payload_size,
    roster_hash,
    signed_bytes,
    verify_signature,
    wrap_label,
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One key set to seal to, with its encryption key as SubjectPublicKeyInfo DER."""

    user: UUID
    device: UUID
    encrypt_spki: bytes

    @property
    def entry(self) -> RosterEntry:
        """The recipient as the roster hash sees it."""
        return RosterEntry(self.user, self.device, sha256(self.encrypt_spki).digest())


@dataclass(frozen=True, slots=True)
class Sealed:
    """An envelope ready to be posted."""

    header: bytes
    body: bytes
    signature: bytes
    wraps: tuple[Wrap, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A verified envelope; ``frank_key`` (32 bytes) proves the payload to a third party."""

    header: Header
    payload: Mapping[str, Any]
    frank_key: bytes


def seal(
    *,
    text: str,
    origin: str,
    conversation: UUID,
    message: UUID,
    sender: UUID,
    device: UUID,
    signing_key: RSAPrivateKey,
    recipients: Sequence[Recipient],
    roster_version: int,
    counter: int,
    prev: bytes,
    created_ms: int,
    secret: bytes | None = None,
) -> Sealed:
    """An envelope of ``text`` for all ``recipients``, signed by the sender's key.

    ``secret`` (32 bytes) is random unless a test vector fixes it.
    """
    spki = signing_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    draft = Header(
        suite=SUITE_RSA,
        kind=KIND_TEXT,
        flags=0,
        origin_hash=origin_hash(origin),
        conversation=conversation,
        message=message,
        sender=sender,
        device=device,
        sig_key_id=sha256(spki).digest(),
        roster_version=roster_version,
        roster_hash=roster_hash(recipient.entry for recipient in recipients),
        counter=counter,
        prev=prev,
        created_ms=created_ms,
        commitment=ZERO32,
    )
    secret = os.urandom(32) if secret is None else secret
    payload = pad(json.dumps({"text": text}, ensure_ascii=False, separators=(",", ":")).encode())
    key, nonce, frank = _derive(secret, draft)
    commitment = hmac_digest(frank, draft.encode() + payload, "sha256")
    header = replace(draft, commitment=commitment).encode()
    body = AESGCM(key).encrypt(nonce, payload, header)
    signature = signing_key.sign(signed_bytes(header, body), PSS(MGF1(SHA256()), 32), SHA256())
    return Sealed(header, body, signature, tuple(_wrap(secret, header, each) for each in recipients))


def open_envelope(
    *,
    header: bytes,
    body: bytes,
    signature: bytes,
    wrap: Wrap,
    decryption_key: RSAPrivateKey,
    sign_spki: bytes,
) -> Opened:
    """The payload of an envelope whose signature, wrap, body and commitment all hold.

    Raises ``EnvelopeError`` naming the first thing that does not; nothing is returned in part.
    """
    parsed = Header.parse(header)
    if parsed.suite != SUITE_RSA:
        raise EnvelopeError("suite", "is not sealed")
    if parsed.sig_key_id != sha256(sign_spki).digest():
        raise EnvelopeError("sig_key_id", "names another signing key")
    verify_signature(header=header, body=body, signature=signature, sign_spki=sign_spki)
    label = wrap_label(header, wrap.device, wrap.key_id)
    try:
        secret = decryption_key.decrypt(wrap.wrap, OAEP(MGF1(SHA256()), SHA256(), label))
    except ValueError as error:
        raise EnvelopeError("wrap", "does not open with this key for this header") from error
    draft = replace(parsed, commitment=ZERO32)
    key, nonce, frank = _derive(secret, draft)
    try:
        payload = AESGCM(key).decrypt(nonce, body, header)
    except (InvalidTag, ValueError) as error:
        raise EnvelopeError("body", "was altered") from error
    if not compare_digest(hmac_digest(frank, draft.encode() + payload, "sha256"), parsed.commitment):
        raise EnvelopeError("commitment", "does not match the text")
    return Opened(parsed, _read_json(unpad(payload)), frank)


def pad(content: bytes) -> bytes:
    """``u32 length ‖ content ‖ zeros`` up to the next power of two, at least 256."""
    return (len(content).to_bytes(4, "big") + content).ljust(payload_size(len(content)), b"\0")


def unpad(payload: bytes) -> bytes:
    """The content of ``pad``; raises ``EnvelopeError`` for any other padding."""
    content = payload[4 : 4 + int.from_bytes(payload[:4], "big")]
    if pad(content) != payload:
        raise EnvelopeError("payload", "is not padded as the format says")
    return content


def _read_json(content: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise EnvelopeError("payload", "is not JSON") from error
    if not isinstance(value, dict):
        raise EnvelopeError("payload", "is not a JSON object")
    return value


def _derive(secret: bytes, draft: Header) -> tuple[bytes, bytes, bytes]:
    salt = sha256(draft.encode()).digest()

    def expand(info: bytes, length: int) -> bytes:
        return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)

    return expand(b"BYE1 aead key", 32), expand(b"BYE1 aead nonce", 12), expand(b"BYE1 frank", 32)


def _wrap(secret: bytes, header: bytes, recipient: Recipient) -> Wrap:
    key = load_der_public_key(recipient.encrypt_spki)
    if not isinstance(key, RSAPublicKey):
        raise TypeError("recipients have RSA keys")
    key_id = recipient.entry.encrypt_key_id
    label = wrap_label(header, recipient.device, key_id)
    return Wrap(recipient.device, key_id, key.encrypt(secret, OAEP(MGF1(SHA256()), SHA256(), label)))
