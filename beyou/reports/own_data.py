"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from beyou.core import personal
from beyou.core.personal import File, declare, json_list
from beyou.messaging.queries import removed_among, removed_words
from beyou.reports.queries import all_reports

REPORTS = "reports.json"

declare(
    *("reports.Case", "about"),
    what="Cases that the staff made of reports about you",
    not_copied="Who reported you is told to nobody. What was decided about you stands among the decisions.",
    mentions=("held_by_id", "decided_by_id", "target_id"),
)
declare(*("reports.Report", "reporter"), what="What you reported", copied=REPORTS)
declare(*("reports.Shown", "sender", "report__reporter"), what="What was shown in reports", copied=REPORTS)
declare(
    *("reports.RemovedMessage", "removal__sanction__member"),
    what="Which messages of yours the staff removed",
    not_copied="Your conversations say it in the same place.",
)
declare(
    *("reports.Removal", "sanction__member"),
    what="What the staff took away from you and kept aside",
    not_copied="It is what you wrote or offered before; the decision says what was taken away and why.",
)


@personal.part("reports")
def reports(member_id: UUID) -> Iterator[File]:
    """What the member reported and showed. Who reported the member stays between them and the staff, and what
    the staff removed since is not handed out again.
    """
    lines = all_reports(member_id)
    removed = removed_among(
        shown.message_id for line in lines for shown, _ in line.messages if shown.message_id
    )
    yield json_list(
        REPORTS,
        (
            {
                "about": line.row.case.target,
                "reason": line.row.reason,
                "words": line.words,
                "at": line.row.created_at,
                "state": line.row.case.state,
                "messages": [
                    {
                        "sent": each.sent_at,
                        "text": removed_words(removed[each.message_id])
                        if each.message_id in removed
                        else text,
                    }
                    for each, text in line.messages
                ],
                "pictures": len(line.pictures),
            }
            for line in lines
        ),
    )
