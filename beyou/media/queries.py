"""Reading what is stored."""

from uuid import UUID

from django.core.files.storage import Storage, storages
from django.db.models import Sum

from beyou.core.errors import NotFound
from beyou.media.models import MediaFile


def private_storage() -> Storage:
    """Where the bytes lie; Django's STORAGES say how."""
    return storages["private"]


def media_file(media_id: UUID) -> MediaFile:
    """Raises `NotFound`. Whoever asks has already decided that the file may be seen."""
    found = MediaFile.objects.filter(id=media_id).first()
    if found is None:
        raise NotFound
    return found


def files_of(owner_id: UUID) -> list[MediaFile]:
    """The owner's files, oldest first. One statement."""
    return list(MediaFile.objects.filter(owner_id=owner_id).order_by("id"))


def bytes_stored(owner_id: UUID) -> int:
    """What the owner's files take together, before encryption."""
    total: int | None = MediaFile.objects.filter(owner_id=owner_id).aggregate(total=Sum("size"))["total"]
    return total or 0
