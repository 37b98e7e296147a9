"""The last signed checkpoint, kept in a file outside the database.

A database that was restored, swapped or re-mined shows a smaller size or another root than this
file, and then nothing more is signed: two checkpoints that cannot both be true would be a fork.

The file has two places that are written in turn, so that a note takes one write and one flush, and a write
that a power failure tears still leaves the note before it. Both are text, filled up with empty lines.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beyou.ledger.note import Checkpoint, NoteError, VerifierKey

#: The bytes of one place. A note takes a few hundred.
_PLACE = 4096


class HighWaterDamaged(Exception):
    """The file is there but does not hold a checkpoint of this log."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other process on this machine holds the file while the block runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def content(path: Path) -> bytes:
    """The whole file; empty when there is none yet."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def read(path: Path, key: VerifierKey) -> Checkpoint | None:
    """The checkpoint that was signed last, or None when there is no file yet."""
    if not path.exists():
        return None
    found, reason = [], "is empty"
    for note in _notes(content(path)):
        try:
            found.append(_open(note, key))
        except NoteError as error:
            reason = str(error)
    if not found:
        raise HighWaterDamaged(f"{path.name}: {reason}")
    return max(found, key=lambda checkpoint: checkpoint.size)


def write(path: Path, note: str, key: VerifierKey) -> None:
    """The file holds this note, on disk; after a failure it still holds the one before."""
    filled = note.encode().ljust(_PLACE, b"\n")
    if len(filled) > _PLACE:
        raise ValueError(f"a note of {len(filled)} bytes has no room in {path.name}")
    before = content(path)
    if len(before) != 2 * _PLACE:
        _replace(path, filled + (_notes(before) or [b""])[0].ljust(_PLACE, b"\n"))
        return
    with path.open("r+b", buffering=0) as file:
        file.seek(_PLACE * _spare_place(before, key))
        if file.write(filled) != _PLACE:
            raise OSError(f"{path.name} could not be written as a whole")
        # The length of the file stays, so its content is all there is to flush.
        os.fdatasync(file.fileno())


def _spare_place(data: bytes, key: VerifierKey) -> int:
    """The place without the newest note: 0 or 1. A torn note may claim to be the newest."""
    places = [data[:_PLACE], data[_PLACE:]]
    newest = max((0, 1), key=lambda at: _claimed_size(places[at]))
    try:
        _open(places[newest].rstrip(b"\n") + b"\n", key)
    except NoteError:
        return newest
    return 1 - newest


def _open(note: bytes, key: VerifierKey) -> Checkpoint:
    try:
        return Checkpoint.open(note.decode(), key)
    except UnicodeDecodeError:
        raise NoteError("is not text") from None


def _notes(data: bytes) -> list[bytes]:
    """What stands in the two places, without the empty lines behind it."""
    places = [data[:_PLACE], data[_PLACE:]]
    return [place.rstrip(b"\n") + b"\n" for place in places if place.strip(b"\n")]


def _claimed_size(place: bytes) -> int:
    """The size that stands in a place, true or not; -1 where none does."""
    lines = place.split(b"\n", 2)
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else -1


def _replace(path: Path, data: bytes) -> None:
    """The file is this one as a whole, or still the old one."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
