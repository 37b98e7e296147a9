"""Storing, reading and deleting pictures."""

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction

from beyou.core import clock, ids, keyring, limits
from beyou.core.ports import options
from beyou.media import images
from beyou.media.errors import MediaLost, QuotaUsedUp
from beyou.media.models import MediaFile
from beyou.media.queries import bytes_stored, media_file, private_storage
from beyou.media.rules import LEAST_SIDE, MEBIBYTE, Purpose

__all__ = [
    "Purpose",
    "Sweep",
    "delete_media",
    "delete_media_of",
    "images_kept",
    "read_bytes",
    "store_image",
    "sweep_orphans",
]

log = structlog.get_logger()

#: Bytes without a row may belong to a transaction that has not ended yet, but not for so long.
_STRAY_AFTER = dt.timedelta(days=1)
#: Pixels at which what a screenshot says can still be read.
_READABLE_SIDE = 1600


def store_image(
    *,
    data: bytes,
    owner_id: UUID,
    purpose: Purpose,
    longest_side: int,
    square: bool = False,
    encrypted: bool = False,
) -> MediaFile:
    """The picture is stored, re-encoded and without metadata; `longest_side` is in pixels.

    Raises `NotAnImage`, `ImageTooLarge`, `ImageTooSmall`, `UnreadableImage`, `QuotaUsedUp` or `RateLimited`.
    The bytes are written before the row, so a row never lacks them; `sweep_orphans` removes those whose
    transaction failed.
    """
    limits.check("uploads.items" if purpose is Purpose.ITEM else "uploads.owner", str(owner_id))
    picture = images.reencode(data, longest_side=longest_side, square=square, least_side=LEAST_SIDE[purpose])
    quota = options.number("media_quota_mb")
    if bytes_stored(owner_id) + len(picture.data) > quota * MEBIBYTE:
        raise QuotaUsedUp(
            f"Your pictures take {quota} MB together, which is the most "
            "that one member may store. Please delete some first."
        )
    file = MediaFile(
        id=ids.uuid7(),
        owner_id=owner_id,
        purpose=purpose,
        content_type=images.CONTENT_TYPE,
        size=len(picture.data),
        width=picture.width,
        height=picture.height,
    )
    stored = picture.data
    if encrypted:
        key, file.wrapped_key = keyring.new_data_key()
        stored = keyring.seal(key, stored, _context(file))
    file.name = private_storage().save(_new_name(), ContentFile(stored))
    file.save(force_insert=True)
    return file


@contextmanager
def images_kept(*, owner_id: UUID, pictures: Sequence[bytes], purpose: Purpose) -> Iterator[list[UUID]]:
    """The pictures are stored, encrypted and of a readable size, all or none; they go again when the block
    that uses them raises. Made before any row is locked, since that takes a while. Raises as `store_image`.
    """
    kept: list[UUID] = []
    try:
        for data in pictures:
            file = store_image(
                data=data, owner_id=owner_id, purpose=purpose, longest_side=_READABLE_SIDE, encrypted=True
            )
            kept.append(file.pk)
        yield kept
    except BaseException:
        for media_id in kept:
            delete_media(media_id=media_id)
        raise


def _new_name() -> str:
    """Random, below one of 256 folders, so that no folder grows too long to list."""
    name = secrets.token_hex(20)
    return f"{name[:2]}/{name[2:]}"


def _context(file: MediaFile) -> bytes:
    """Binds the bytes to their row and to what they are for."""
    return b"media.MediaFile\0" + str(file.purpose).encode() + b"\0" + file.id.bytes


def read_bytes(media_id: UUID) -> bytes:
    """The picture itself. Raises `NotFound`, or `MediaLost` when the storage lost or altered it."""
    return bytes_of(media_file(media_id))


def bytes_of(file: MediaFile) -> bytes:
    """The picture of this row. Raises `MediaLost` when the storage lost or altered it."""
    try:
        with private_storage().open(file.name) as stored:
            data: bytes = stored.read()
        if file.wrapped_key:
            key = keyring.unwrap_data_key(bytes(file.wrapped_key))
            data = keyring.open_sealed(key, data, _context(file))
    except (FileNotFoundError, keyring.Undecryptable) as error:
        log.exception("media.lost", media_id=str(file.id), reason=type(error).__name__)
        raise MediaLost("The file of this picture is gone or damaged. Please upload it again.") from error
    return data


@transaction.atomic
def delete_media(*, media_id: UUID) -> None:
    """The row is gone, and after the commit the bytes too. A missing file is no error."""
    file = MediaFile.objects.filter(id=media_id).first()
    if file is not None:
        file.delete()
        transaction.on_commit(partial(private_storage().delete, file.name))


def delete_media_of(*, owner_id: UUID) -> None:
    """No file of the owner is left, whatever it was for."""
    for media_id in MediaFile.objects.filter(owner_id=owner_id).values_list("id", flat=True):
        delete_media(media_id=media_id)


@dataclass(slots=True)
class Sweep:
    """What `sweep_orphans` found: bytes that no row names, and rows whose bytes are gone."""

    strays: list[str] = field(default_factory=list)
    lost: list[UUID] = field(default_factory=list)


def sweep_orphans(*, remove: bool = True) -> Sweep:
    """Bytes that no row has named for a day are deleted when `remove` says so; lost bytes are reported.

    A row without bytes stays: a backup may still bring them back.
    """
    storage, found = private_storage(), Sweep()
    known: dict[str, dict[str, UUID]] = {}
    # Rows are read first: bytes are written before their row, so none of these may lack them.
    for name, media_id in MediaFile.objects.values_list("name", "id").iterator():
        known.setdefault(name.partition("/")[0], {})[name] = media_id
    for folder in sorted(set(_folders(storage)) | set(known)):
        names = set(_names(storage, folder))
        rows = known.get(folder, {})
        found.strays += [name for name in sorted(names - set(rows)) if _is_stray(storage, name)]
        found.lost += [rows[name] for name in sorted(set(rows) - names) if _is_lost(storage, name)]
    for name in found.strays if remove else ():
        storage.delete(name)
    return found


def _folders(storage: Storage) -> list[str]:
    try:
        folders, _ = storage.listdir("")
    except FileNotFoundError:
        return []
    return folders


def _names(storage: Storage, folder: str) -> Iterator[str]:
    try:
        _, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in names)


def _is_stray(storage: Storage, name: str) -> bool:
    """Whether the bytes are old enough to have a row, and have none now."""
    try:
        is_old = storage.get_modified_time(name) < clock.now() - _STRAY_AFTER
    except FileNotFoundError:
        return False
    return is_old and not MediaFile.objects.filter(name=name).exists()


def _is_lost(storage: Storage, name: str) -> bool:
    """Whether the row still stands and its bytes are still missing: it may have been deleted meanwhile."""
    return MediaFile.objects.filter(name=name).exists() and not storage.exists(name)
