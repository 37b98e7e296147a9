"""The head of the audit as an entry of the ledger, and the audit against what the ledger knows of it.

The digests of the audit are kept in the same database as its rows. Whoever can write to it could write the
whole chain anew, but not the checkpoints that members and witnesses keep.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from django.db import transaction

from beyou.audit import queries as audit
from beyou.audit import services as audits
from beyou.audit.queries import Problem
from beyou.ledger import services
from beyou.ledger.consensus import canonical_json
from beyou.ledger.format import Kind, document_value
from beyou.ledger.models import Document
from beyou.ledger.services import Recorded

AUDIT_FORMAT: Final = "beyou/audit-anchor/1"
_ALERT: Final = "audit"
_PROBLEMS_AT_MOST: Final = 100


@transaction.atomic
def anchor_audit() -> Recorded:
    """An entry with the number and the digest of the newest row of the audit waits to be sealed; none when
    nobody did anything since the last one.
    """
    number, digest = audit.head()
    if not number:
        return Recorded(0)
    document = canonical_json({"format": AUDIT_FORMAT, "number": number, "digest": digest})
    recorded = services.record_document(Kind.ANCHOR, document)
    if recorded.entries:
        audits.note_anchor(number=number, anchor=document_value(document).hex())
    return recorded


def audit_problems(
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, list[Problem]]:
    """How many rows the audit has, and what is wrong with them (the first hundred), the first bad row first.

    What is found is on the page of the audit, and the first of it is an open alert.
    """
    check = audit.Check(_anchored(), progress)
    found: list[Problem] = []
    for problem in check.problems():
        if len(found) < _PROBLEMS_AT_MOST:
            found.append(problem)
    audits.note_check(rows=check.rows, problem=str(found[0]) if found else "")
    if found:
        services.raise_alert(kind=_ALERT, detail=f"The audit was tampered with: {found[0]}")
    return check.rows, found


def check_audit() -> int:
    """Staff are told if the audit is not whole. Returns how many problems there are."""
    return len(audit_problems()[1])


def _anchored() -> dict[int, set[str]]:
    """The digests that were anchored, by the number of the row."""
    found: dict[int, set[str]] = defaultdict(set)
    for document in Document.objects.filter(kind=Kind.ANCHOR).values_list("document", flat=True):
        try:
            said = json.loads(bytes(document))
            if said["format"] == AUDIT_FORMAT:
                found[int(said["number"])].add(str(said["digest"]))
        except (ValueError, TypeError, KeyError):
            # What does not fit its digest any more is found by the verification of the ledger.
            continue
    return found
