"""Reading the record."""

from uuid import UUID

from django.db.models import QuerySet

from beyou.audit.models import AuditRecord


def records_about(subject_id: UUID) -> QuerySet[AuditRecord]:
    """What was done to the member, and who looked at private data of theirs; the newest first."""
    return AuditRecord.objects.filter(subject_id=subject_id).order_by("-created_at", "-id")


def records_by(actor_id: UUID) -> QuerySet[AuditRecord]:
    """What this person did; the newest first."""
    return AuditRecord.objects.filter(actor_id=actor_id).order_by("-created_at", "-id")
