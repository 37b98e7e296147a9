"""The last signed checkpoint, kept in a file outside the database.

A database that was restored, swapped or re-mined shows a smaller size or another root than this
file, and then nothing more is signed: two checkpoints that cannot both be true would be a fork.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beyou.ledger.note import Checkpoint, NoteError, VerifierKey


class HighWaterDamaged(Exception):
    """The file is there but does not hold a checkpoint of this log."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other process on this machine holds the file while the block runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read(path: Path, key: VerifierKey) -> Checkpoint | None:
    """The checkpoint that was signed last, or None when there is no file yet."""
    try:
        note = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise HighWaterDamaged(f"{path.name} is not text") from None
    try:
        return Checkpoint.open(note, key)
    except NoteError as error:
        raise HighWaterDamaged(f"{path.name}: {error}") from None


def write(path: Path, note: str) -> None:
    """The file holds this note, on disk, or still holds the old one."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
