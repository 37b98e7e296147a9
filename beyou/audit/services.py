"""Adding to the record. There is nothing that changes or removes a row."""

from typing import Any
from uuid import UUID

from beyou.audit.models import AuditRecord


def record(
    *,
    act: str,
    actor_id: UUID | None,
    subject_id: UUID | None = None,
    object_id: object = "",
    address: str | None = None,
    **detail: Any,
) -> None:
    """One row says who did what to whom, in the caller's transaction, so that no act goes unrecorded.

    `act` is a noun and a past verb, such as `verification.document_viewed`; `subject_id` is the member
    whom it concerns; `detail` holds ids, names of fields and reasons, never private content.
    """
    AuditRecord.objects.create(
        act=act,
        actor_id=actor_id,
        subject_id=subject_id,
        object_id=str(object_id),
        address=address,
        detail=detail,
    )
