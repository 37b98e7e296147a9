"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q

from beyou.core import personal
from beyou.core.personal import Fate, File, declare, json_list
from beyou.disputes.models import Claim, Evidence
from beyou.disputes.queries import history

CLAIMS = "market/claims.json"
_WHY = (
    "How a claim ended belongs to the record of the purchase, which has two sides. Your words, pictures and"
    " messages are erased."
)

declare(
    *("disputes.Claim", "buyer", "seller"),
    what="Claims about what you bought or sold",
    fate=Fate.KEPT,
    why=_WHY,
    copied=CLAIMS,
    mentions=("held_by_id", "proposed_by_id"),
)
declare(
    *("disputes.Entry", "author_id"),
    what="What you said in claims",
    fate=Fate.EMPTIED,
    why=_WHY,
    copied=CLAIMS,
)
declare("disputes.Evidence", "owner", "sender", what="What was shown in claims", copied=CLAIMS)


@personal.part("claims")
def claims(member_id: UUID) -> Iterator[File]:
    """Claims with everything that the member can read in them; their pictures stand among the media."""
    rows = Claim.objects.filter(Q(buyer_id=member_id) | Q(seller_id=member_id)).order_by("id")
    yield json_list(CLAIMS, (_claim(row) for row in rows))


def _claim(row: Claim) -> dict[str, object]:
    return {
        "id": row.pk,
        "reason": row.reason,
        "state": row.state,
        "total_minor": row.total_minor,
        "refund_minor": row.refund_minor,
        "currency": row.currency,
        "made": row.created_at,
        "ended": row.ended_at,
        "history": [
            {
                "at": line.entry.at,
                "by": line.entry.side,
                "what": line.entry.step,
                "text": line.text,
                "amount_minor": line.entry.amount_minor,
                "pictures": len(line.pictures),
                "messages": [{"sent": each.row.sent_at, "text": each.text} for each in line.messages],
            }
            for line in history(row)
        ],
        "shown": Evidence.objects.filter(claim=row).count(),
    }
