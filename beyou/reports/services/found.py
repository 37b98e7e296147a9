"""The automatic help found something: a case without anybody who reported it."""

from uuid import UUID

from beyou.automod import queries as automod
from beyou.automod.queries import Found
from beyou.automod.rules import Kind, Place
from beyou.core.errors import NotFound
from beyou.core.transactions import retried
from beyou.messaging.quoting import standard_quote
from beyou.moderation.rules import Reason
from beyou.reports import queries, rules
from beyou.reports.models import Report
from beyou.reports.queries import Aim
from beyou.reports.rules import Target
from beyou.reports.services.report import case_about, new_report, show
from beyou.reports.services.telling import tell_queue, tell_staff

_REASONS = {Kind.COPIES: Reason.SPAM, Kind.CONTACT: Reason.SCAM, Kind.CHEAP: Reason.SCAM}


@retried
def report_finding(*, finding_id: UUID) -> Report | None:
    """A case says what was found and why, once, in the open case of its target if there is one. None for what
    is gone, what stands there already, and where enough stands there.
    """
    found = automod.finding(finding_id)
    if found is None or Report.objects.filter(finding_id=finding_id).exists():
        return None
    aim = _aim(found)
    if aim is None:
        return None
    case = case_about(aim)
    if Report.objects.filter(case=case, reporter=None).count() >= rules.MOST_FINDINGS:
        return None
    reason = _REASONS.get(found.kind, Reason.OTHER)
    row = new_report(case, None, aim, reason, found.words, finding_id=finding_id)
    quote = standard_quote(found.object_id) if found.place is Place.MESSAGES and found.object_id else None
    if quote is not None:
        show(row, quote)
    case.report_count += 1
    case.is_found = True
    case.save(update_fields=["report_count", "is_found"])
    if case.report_count == 1:
        tell_staff(case)
    else:
        tell_queue()
    return row


def _aim(found: Found) -> Aim | None:
    more = (("What was written", found.text),) if found.text else ()
    try:
        if found.place is Place.ITEMS:
            return queries.aim_at_item(found.object_id) if found.object_id else None
        target = Target.MEMBER if found.place is Place.PROFILES else Target.MESSAGES
        return queries.aim_at_member(found.member_id, target, more)
    except NotFound:
        return None
