"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from beyou.core import personal
from beyou.core.personal import File, declare, json_list
from beyou.verification.models import Decision, Document, VerificationRequest
from beyou.verification.queries import reason_of

REQUESTS = "account/verification.json"

declare(
    *("verification.VerificationRequest", "member", "open_of"),
    what="Your requests to be verified",
    copied=REQUESTS,
    mentions=("claimed_by_id", "first_reviewer_id", "escalated_by_id"),
)
declare("verification.Document", "request__member", what="Your identity documents", copied=REQUESTS)
declare(
    *("verification.Decision", "request__member"),
    what="Decisions about your requests",
    copied=REQUESTS,
    mentions=("reviewer_id",),
)


@personal.part("verification")
def verification(member_id: UUID) -> Iterator[File]:
    """Requests with the member's own words and what was decided; the pictures stand among the media."""
    rows = VerificationRequest.objects.filter(member_id=member_id).order_by("id")
    yield json_list(REQUESTS, (_request(row) for row in rows))


def _request(row: VerificationRequest) -> dict[str, object]:
    documents = Document.objects.filter(request=row).order_by("id")
    decisions = Decision.objects.filter(request=row, undone_at=None).order_by("id")
    return {
        "state": row.state,
        "reason": reason_of(row),
        "sent": row.submitted_at,
        "decided": row.decided_at,
        "documents": list(documents.values("created_at", "deleted_at", "deleted_because")),
        "decisions": list(decisions.values("verdict", "why", "note", "created_at")),
    }
