"""Checkpoints: C2SP signed notes with Ed25519."""

import base64
import binascii
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beyou_ledger.bytes_of import Malformed, sha256


class Key(NamedTuple):
    """The log's key under its name."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n\1" + self.public)[:4]


class Checkpoint(NamedTuple):
    """So many entries have this root, says the log of this origin."""

    origin: str
    size: int
    root: bytes


def unbase64(text: str) -> bytes:
    """Only the canonical spelling. Raises Malformed."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Malformed("is not canonical base64")
    return data


def parse_key(line: str) -> Key:
    """The key of a verifier-key line, ``<name>+<id>+<base64>``. Raises Malformed."""
    name, _, rest = line.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    material = unbase64(encoded)
    if len(material) != 33 or material[0] != 1:
        raise Malformed("is not an Ed25519 verifier key")
    key = Key(name, material[1:])
    if key.key_id.hex() != key_id:
        raise Malformed("has an id that does not belong to it")
    return key


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether Ed25519 (RFC 8032) accepts the signature."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def open_checkpoint(note: str, key: Key) -> Checkpoint:
    """The checkpoint that this key signed. Raises Malformed, also when it did not."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    if any(not line.startswith("— ") for line in signatures.removesuffix("\n").split("\n")):
        raise Malformed("has something else behind its text than signatures")
    wanted = [line.split(" ") for line in signatures.split("\n") if line.startswith(f"— {key.name} ")]
    made = [unbase64(parts[2]) for parts in wanted if len(parts) == 3]
    mine = [signature[4:] for signature in made if signature[:4] == key.key_id]
    if not mine or not all(is_signed(key.public, signature, text.encode()) for signature in mine):
        raise Malformed(f"is not signed by {key.name}")
    lines = text.split("\n")
    if len(lines) != 4 or lines[0] != key.name or not (lines[1].isascii() and lines[1].isdigit()):
        raise Malformed("does not consist of origin, size and root")
    return Checkpoint(lines[0], int(lines[1]), unbase64(lines[2]))
