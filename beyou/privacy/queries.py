"""Reading copies and reports of erasures."""

from pathlib import Path
from uuid import UUID

from django.conf import settings

from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.privacy.models import DataExport, Erasure
from beyou.privacy.rules import ExportState


def folder() -> Path:
    """Where the files of copies lie."""
    return Path(settings.DATA_DIR) / "exports"


def path_of(export_id: UUID) -> Path:
    return folder() / str(export_id)


def context_of(export_id: UUID) -> bytes:
    """Binds the bytes of a file to its row."""
    return b"privacy.DataExport\0" + export_id.bytes


def latest_export(member_id: UUID) -> DataExport | None:
    """The member's newest copy that is not out of date, ready or not. One statement."""
    row = DataExport.objects.filter(member_id=member_id).order_by("-id").first()
    is_over = row is not None and row.expires_at is not None and row.expires_at <= clock.now()
    return None if is_over else row


def export_for(member_id: UUID, export_id: UUID) -> DataExport:
    """Raises `NotFound` alike for what is not there, not the member's, not ready or out of date."""
    row = DataExport.objects.filter(
        id=export_id, member_id=member_id, state=ExportState.READY, expires_at__gt=clock.now()
    ).first()
    if row is None or not path_of(row.id).exists():
        raise NotFound
    return row


def erasure_of(member_id: UUID) -> Erasure | None:
    return Erasure.objects.filter(member_id=member_id).first()


def erasure_by_id(erasure_id: UUID) -> Erasure | None:
    return Erasure.objects.filter(id=erasure_id).first()


def address_for_last_mail(erasure: Erasure) -> str:
    """Empty once the mail was sent."""
    if not erasure.address:
        return ""
    return keyring.open_field(
        bytes(erasure.address), table="privacy_erasure", column="address", row_id=erasure.id
    )
