"""Documents: looking at one leaves a trace first, and none stays longer than it must."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.ports import options
from beyou.media.services import delete_media, read_bytes
from beyou.users import queries as users
from beyou.verification import queries
from beyou.verification.errors import DocumentGone, NotClaimed
from beyou.verification.models import Decision, Document, VerificationRequest
from beyou.verification.rules import is_held_by, may_take
from beyou.verification.watermark import CONTENT_TYPE, watermarked

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """What the reviewer sees: the picture with their handle and the time across it."""

    data: bytes
    content_type: str


def open_document(*, request_id: UUID, reviewer_id: UUID, address: str) -> OpenedDocument:
    """The document of a request that the reviewer has claimed. Who looked, when and from where is written
    down before the first byte is read.

    Raises `NotFound` for whoever may not decide the request, `NotClaimed`, `DocumentGone`, `MediaLost`.
    """
    with transaction.atomic():
        levels = users.levels_of(reviewer_id)
        request = queries.request_for(reviewer_id, levels, request_id)
        is_held = is_held_by(queries.standing_of(request), reviewer_id, clock.now())
        if not is_held or not may_take(levels, request.escalated_to):
            raise NotClaimed("Only who has claimed a request may look at its document.")
        document = queries.stored_document(request_id)
        if document is None or document.media_id is None:
            raise DocumentGone("It was deleted, as its owner was promised. The member can send another.")
        record(
            act="verification.document_viewed",
            actor_id=reviewer_id,
            subject_id=request.member_id,
            object_id=document.pk,
            address=address,
            request=str(request_id),
        )
    handle = users.members_by_id([reviewer_id])[reviewer_id].handle
    marks = f"@{handle}  {clock.now():%Y-%m-%d %H:%M} UTC  {str(document.pk)[-8:]}"
    return OpenedDocument(watermarked(read_bytes(document.media_id), marks), CONTENT_TYPE)


def delete_documents(request_id: UUID, *, because: str, actor_id: UUID | None = None) -> int:
    """The pictures are gone; the rows say that they were there. Returns how many. For transactions."""
    stored = Document.objects.filter(request_id=request_id, media_id__isnull=False).select_related("request")
    documents = list(stored)
    for document in documents:
        assert document.media_id is not None
        delete_media(media_id=document.media_id)
        document.media_id, document.deleted_at, document.deleted_because = None, clock.now(), because
        document.save(update_fields=["media_id", "deleted_at", "deleted_because"])
        record(
            act="verification.document_deleted",
            actor_id=actor_id,
            subject_id=document.request.member_id,
            object_id=document.pk,
            because=because,
        )
    return len(documents)


def delete_due_documents() -> int:
    """No document is older than its time, which begins with the decision. Safe to run twice. Returns how many
    were deleted, some of those that are due; 0 when none is.
    """
    due = queries.documents_due(options.kept_for("verification_document_days"))
    deleted = 0
    for request_id in list(due.order_by("id").values_list("request_id", flat=True)[:_AT_ONCE]):
        with transaction.atomic():
            # The member may just now be sending the request again.
            VerificationRequest.objects.select_for_update().filter(id=request_id).first()
            if due.filter(request_id=request_id).exists():
                deleted += delete_documents(request_id, because="time is up")
    return deleted


@transaction.atomic
def erase_member(*, member_id: UUID) -> None:
    """Nothing is left of the member's requests, documents or words; a repeat changes nothing."""
    for request in VerificationRequest.objects.filter(member_id=member_id).order_by("id"):
        delete_documents(request.pk, because="erased")
    Decision.objects.filter(request__member_id=member_id).delete()
    Document.objects.filter(request__member_id=member_id).delete()
    VerificationRequest.objects.filter(member_id=member_id).delete()
