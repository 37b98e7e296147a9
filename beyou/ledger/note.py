"""Signed notes, verifier keys, checkpoints and proofs as text.

C2SP signed-note, tlog-checkpoint and tlog-proof; signatures are Ed25519 (type 0x01).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519: Final = b"\x01"
_SIGNATURE_PREFIX: Final = "— "
_MAX_SIGNATURES: Final = 64
_PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"


class NoteError(ValueError):
    """A note that is malformed, or that no trusted key has signed."""


def b64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: str) -> bytes:
    """The bytes of canonical standard base64; raises NoteError otherwise."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"not base64: {text[:40]!r}") from None
    if b64(data) != text:
        raise NoteError(f"not canonical base64: {text[:40]!r}")
    return data


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() or ord(char) < 32 for char in name):
        raise NoteError(f"a key name has no space, control or plus character: {name!r}")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 public key with its name, as written ``<name>+<key id>+<base64>``."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key as one line of text."""
        return f"{self.name}+{self.key_id.hex()}+{b64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key of this line; raises NoteError when it is malformed or its id does not fit."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        _check_name(name)
        material = unb64(encoded)
        if material[:1] != _ED25519 or len(material) != 33:
            raise NoteError("only Ed25519 verifier keys are supported")
        key = cls(name, material[1:])
        if key.key_id.hex() != key_id:
            raise NoteError(f"the key id of {name!r} does not belong to its key")
        return key

    def accepts(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature over the message was made by this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer:
    """An Ed25519 key that signs notes under one name; the same text always gives the same note."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Use the key made from a 32-byte seed (RFC 8032)."""
        _check_name(name)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message."""
        return self._private.sign(message)

    def note(self, text: str) -> str:
        """The text, a blank line and one signature line."""
        if not text.endswith("\n"):
            raise NoteError("a note text ends with a newline")
        signature = b64(self.verifier.key_id + self.sign(text.encode()))
        return f"{text}\n{_SIGNATURE_PREFIX}{self.verifier.name} {signature}\n"


def open_note(note: str, keys: Iterable[VerifierKey]) -> str:
    """The text of a note that at least one of these keys has signed.

    Raises NoteError when the note is malformed, a known key's signature is wrong, or no known key signed.
    """
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n") or not text:
        raise NoteError("a note is a text, an empty line and signature lines")
    if any(ord(char) < 32 and char != "\n" for char in note):
        raise NoteError("a note has no control characters")
    text += "\n"
    known = {(key.name, key.key_id): key for key in keys}
    lines = tail[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise NoteError(f"a note has at most {_MAX_SIGNATURES} signatures")
    verified = 0
    for line in lines:
        name, signature = _signature_line(line)
        key = known.get((name, signature[:4]))
        if key is None:
            continue
        if not key.accepts(text.encode(), signature[4:]):
            raise NoteError(f"the signature of {name!r} is wrong")
        verified += 1
    if not verified:
        raise NoteError("no trusted key has signed this note")
    return text


def _signature_line(line: str) -> tuple[str, bytes]:
    if not line.startswith(_SIGNATURE_PREFIX):
        raise NoteError(f"not a signature line: {line[:40]!r}")
    name, _, encoded = line[len(_SIGNATURE_PREFIX) :].partition(" ")
    _check_name(name)
    signature = unb64(encoded)
    if len(signature) < 5:
        raise NoteError("a signature is longer than its key id")
    return name, signature


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log claims: under this origin, ``size`` leaves with this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint of a note text; raises NoteError, also for extension lines: this log has none."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise NoteError("a checkpoint of this log has exactly three lines")
        origin, size, root = lines[0], lines[1], unb64(lines[2])
        if not (size.isascii() and size.isdigit()) or (size[0] == "0" and size != "0"):
            raise NoteError(f"not a tree size: {size[:40]!r}")
        if len(root) != 32 or not origin:
            raise NoteError("a checkpoint has an origin and a 32-byte root")
        return cls(origin, int(size), root)

    @classmethod
    def open(cls, note: str, key: VerifierKey) -> Self:
        """The checkpoint of a note signed by this log key under its own name."""
        checkpoint = cls.parse(open_note(note, [key]))
        if checkpoint.origin != key.name:
            raise NoteError(f"the checkpoint is of {checkpoint.origin!r}, the key of {key.name!r}")
        return checkpoint


def proof_text(index: int, path: Sequence[bytes], checkpoint: str, extra: bytes = b"") -> str:
    """A self-contained offline proof in the c2sp.org/tlog-proof@v1 format."""
    lines = [_PROOF_HEADER]
    if extra:
        lines.append(f"extra {b64(extra)}")
    lines.append(f"index {index}")
    lines.extend(b64(sibling) for sibling in path)
    return "\n".join(lines) + "\n\n" + checkpoint
