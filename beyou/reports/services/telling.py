"""What reporters and the staff learn after the commit."""

import orjson
from django.conf import settings
from django.db import transaction

from beyou.core.ports import realtime
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.reports.models import Case, Report
from beyou.users import queries as users
from beyou.users.rules import Level

REPORTS = "/reports"


def tell_queue() -> None:
    """Open pages of the staff look again."""

    def tell() -> None:
        realtime.publish(users.staff_rooms(Level.MODERATOR), orjson.dumps({"type": "queue"}))

    transaction.on_commit(tell)


def tell_staff(case: Case) -> None:
    """Whoever may decide it has one notice for the whole queue."""
    tell_queue()
    for member_id in users.staff_with(Level.MODERATOR):
        if member_id != case.about_id:
            notify(member_id=member_id, kind=Kind.REPORT_WAITING, target=f"/{settings.STAFF_PREFIX}/reports")


def tell_reporters(case: Case, kind: Kind = Kind.REPORT_ANSWERED) -> None:
    tell_queue()
    for reporter_id in Report.objects.filter(case=case).values_list("reporter_id", flat=True):
        # The automatic help reads no answers.
        if reporter_id is not None:
            notify(member_id=reporter_id, kind=kind, target=REPORTS)
