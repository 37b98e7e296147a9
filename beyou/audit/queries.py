"""Reading the record."""

from uuid import UUID

from django.db.models import Q, QuerySet

from beyou.audit.models import AuditRecord


def records_about(subject_id: UUID) -> QuerySet[AuditRecord]:
    """What was done to the member, and who looked at private data of theirs; the newest first."""
    return AuditRecord.objects.filter(subject_id=subject_id).order_by("-created_at", "-id")


def records_by(actor_id: UUID) -> QuerySet[AuditRecord]:
    """What this person did; the newest first."""
    return AuditRecord.objects.filter(actor_id=actor_id).order_by("-created_at", "-id")


def records(
    *, act: str = "", person_id: UUID | None = None, before: UUID | None = None
) -> QuerySet[AuditRecord]:
    """Acts whose name begins so, done by or to the person, older than the row `before`; the newest first."""
    rows = AuditRecord.objects.order_by("-id")
    if act:
        rows = rows.filter(act__startswith=act)
    if person_id is not None:
        rows = rows.filter(Q(actor_id=person_id) | Q(subject_id=person_id))
    if before is not None:
        rows = rows.filter(id__lt=before)
    return rows
