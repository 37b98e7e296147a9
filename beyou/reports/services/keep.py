"""What of reports goes: with a member, and with the time."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import F

from beyou.core import clock
from beyou.core.ports import options
from beyou.media.services import delete_media
from beyou.reports import queries
from beyou.reports.models import Case, Report, Shown
from beyou.reports.rules import OPEN, Outcome, ended


@transaction.atomic
def erase_member(*, member_id: UUID) -> None:
    """Nothing is left of what the member reported, of cases about them, or of messages that they wrote. A
    case that nobody else reported is dismissed.
    """
    about = Case.objects.filter(about_id=member_id)
    _drop_reports(Report.objects.filter(case__in=about).values_list("id", flat=True))
    about.delete()
    Shown.objects.filter(sender_id=member_id).delete()
    mine = list(Report.objects.filter(reporter_id=member_id).values_list("id", "case_id"))
    _drop_reports([key for key, _ in mine])
    cases = [case_id for _, case_id in mine]
    Case.objects.filter(id__in=cases).update(report_count=F("report_count") - 1)
    Case.objects.filter(id__in=cases, state__in=OPEN, report_count=0).update(
        state=ended(Outcome.DISMISSED).value,
        outcome=Outcome.DISMISSED.value,
        open_of=None,
        decided_at=clock.now(),
    )


def forget_old(limit: int = 100) -> int:
    """What was said and shown in cases that were decided long ago is gone; that there was a case, and how it
    ended, stays. Returns how many cases were due.
    """
    due = queries.settled_before(clock.now() - options.kept_for("evidence_days")).order_by("decided_at")
    found = list(due.values_list("id", flat=True)[:limit])
    for case_id in found:
        _forget(case_id)
    return len(found)


@transaction.atomic
def _forget(case_id: UUID) -> None:
    _drop_reports(Report.objects.filter(case_id=case_id).values_list("id", flat=True))
    Case.objects.filter(id=case_id).update(report_count=0, answer=b"")


def _drop_reports(report_ids: Iterable[UUID]) -> None:
    keys = list(report_ids)
    pictures = Shown.objects.filter(report_id__in=keys, media_id__isnull=False)
    for media_id in list(pictures.values_list("media_id", flat=True)):
        if media_id is not None:
            delete_media(media_id=media_id)
    Report.objects.filter(id__in=keys).delete()
