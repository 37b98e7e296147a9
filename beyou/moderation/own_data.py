"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from beyou.core import personal
from beyou.core.personal import File, declare, json_list
from beyou.moderation.queries import decisions_about, receipt_for

DECISIONS = "decisions.json"

declare(
    *("moderation.Sanction", "member", "open_of", "limit_of"),
    what="Decisions of the staff about you",
    copied=DECISIONS,
    mentions=("decided_by_id", "seconded_by_id", "lifted_by_id"),
)
declare(
    *("moderation.Appeal", "sanction__member"),
    what="What you said against them, and the answers",
    copied=DECISIONS,
    mentions=("decided_by_id",),
)
declare(
    *("moderation.DecisionRecord", "sanction__member"),
    what="Records of those decisions, which you can prove",
    copied=DECISIONS,
)


@personal.part("decisions")
def decisions(member_id: UUID) -> Iterator[File]:
    yield json_list(
        DECISIONS,
        (
            {
                "kind": each.row.kind,
                "reason": each.row.reason,
                "words": each.words,
                "state": each.state.value,
                "since": each.row.began_at,
                "until": each.row.until,
                "appeal": each.appeal_words,
                "answer": each.answer,
                "proof": receipt_for(member_id, each.row.pk) if each.has_record else None,
            }
            for each in decisions_about(member_id)
        ),
    )
