"""Writes ``tests/vectors/envelope_python.json``: envelopes made here that the browser's code must open.

``frontend/test/make-vectors.ts`` makes the other half with the keys of this file. RSA is randomised, so a new
run writes other bytes; run both only when the format changes.

    python -m tests.messaging.make_vectors && node frontend/test/make-vectors.ts
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from beyou.keys.rules import encrypt_challenge
from tests.factories.crypto import Keys, Line, base64, wire_draft, wire_roster

PATH = Path(__file__).parents[1] / "vectors" / "envelope_python.json"
ORIGIN = "https://beyou.example"
CONVERSATION = UUID("01910000-0000-7000-8000-0000000000c0")
ALICE = UUID("01910000-0000-7000-8000-00000000000a")
BOB = UUID("01910000-0000-7000-8000-00000000000b")
CREATED_MS = 1_790_000_000_000
ROSTER_VERSION = 2
SECRET = bytes(range(32))
# At, below and above the first padding step; text outside ASCII; characters that JSON escapes; an empty text.
TEXTS = (
    "Hello Bob",
    "",
    "ü" * 120,
    'quote " back \\ slash \n line',
    "🦭 seal",
    "x" * 241,
    "x" * 242,
    "y" * 2_000,
)


def _pkcs8(key: RSAPrivateKey) -> str:
    return base64(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _person(keys: Keys) -> dict[str, str]:
    return {
        "user": str(keys.user),
        "key_set": str(keys.key_set),
        "device": str(keys.device),
        "encrypt_pkcs8": _pkcs8(keys.encrypt),
        "sign_pkcs8": _pkcs8(keys.sign),
    }


def build() -> dict[str, Any]:
    """Keys of two members, their roster, what alice wrote to bob, and a challenge for bob's keys."""
    alice, bob = Keys.of("vector alice", ALICE), Keys.of("vector bob", BOB)
    line = Line(alice, CONVERSATION, ORIGIN, (alice, bob), ROSTER_VERSION)
    messages = []
    for seq, text in enumerate(TEXTS, start=1):
        message = UUID(int=ALICE.int + 256 * seq)
        draft = wire_draft(message, line.seal(text, created_ms=CREATED_MS + seq, message=message))
        messages.append({"seq": seq, "text": text, "draft": draft})
    return {
        "origin": ORIGIN,
        "conversation": str(CONVERSATION),
        "keys": {"alice": _person(alice), "bob": _person(bob)},
        "roster": wire_roster((alice, bob), ROSTER_VERSION),
        "sender": "alice",
        "possession": {
            "secret": base64(SECRET),
            "encrypt_challenge": base64(encrypt_challenge(bob.encrypt_spki, SECRET)),
        },
        "messages": messages,
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(build(), indent=1, ensure_ascii=False) + "\n")
