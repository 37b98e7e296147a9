"""What statistics may know of verification: how much was asked and decided, and how long it took."""

import datetime as dt
from dataclasses import dataclass

from beyou.verification.models import Decision, VerificationRequest
from beyou.verification.rules import Verdict


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions that stand. `waits` is how long each applicant had waited."""

    approved: int
    rejected: int
    returned: int
    #: Decisions of this span that were undone, and verifications that were taken back in it.
    reversed: int
    waits: list[dt.timedelta]


def asked(start: dt.datetime, end: dt.datetime) -> int:
    """How many requests were made. One statement."""
    return VerificationRequest.objects.filter(created_at__gte=start, created_at__lt=end).count()


def decided(start: dt.datetime, end: dt.datetime) -> Decided:
    """One statement."""
    rows = Decision.objects.filter(created_at__gte=start, created_at__lt=end)
    counts = dict.fromkeys(Verdict, 0)
    waits, undone = [], 0
    for verdict, waited_ms, undone_at in rows.values_list("verdict", "waited_ms", "undone_at"):
        if undone_at is not None:
            undone += 1
            continue
        counts[Verdict(verdict)] += 1
        if verdict in (Verdict.APPROVED, Verdict.REJECTED, Verdict.RETURNED):
            waits.append(dt.timedelta(milliseconds=waited_ms))
    return Decided(
        approved=counts[Verdict.APPROVED],
        rejected=counts[Verdict.REJECTED],
        returned=counts[Verdict.RETURNED],
        reversed=undone + counts[Verdict.REVOKED],
        waits=waits,
    )
