"""Adding to the record. There is nothing that changes or removes a row."""

import json
from typing import Any
from uuid import UUID

from django.db import transaction

from beyou.audit.models import AuditRecord, Head, Standing
from beyou.audit.rules import NOTHING_BEFORE, Act, digest_of
from beyou.core import clock
from beyou.core.ids import uuid7

_ONLY = 1


# No savepoint: what fails here must undo the act, too.
@transaction.atomic(savepoint=False)
def record(
    *,
    act: str,
    actor_id: UUID | None,
    subject_id: UUID | None = None,
    object_id: object = "",
    address: str | None = None,
    **detail: Any,
) -> None:
    """One row says who did what to whom, in the caller's transaction, so that no act goes unrecorded, and
    follows the row before it in the chain.

    `act` is a noun and a past verb, such as `verification.document_viewed`; `subject_id` is the member
    whom it concerns; `detail` holds ids, names of fields and reasons, never private content, and no
    fractions, which engines write in different ways. The head of the chain is held until the transaction
    ends: take every other lock before.
    """
    head = _held_head()
    said = Act(
        *(head.number + 1, head.digest, uuid7(), actor_id, act, subject_id, str(object_id)),
        detail=_plain(detail),
        address=address or None,
        created_at=clock.now(),
    )
    head.number, head.digest = said.number, digest_of(said)
    AuditRecord.objects.create(
        id=said.id,
        number=said.number,
        previous=said.previous,
        digest=head.digest,
        act=act,
        actor_id=actor_id,
        subject_id=subject_id,
        object_id=said.object_id,
        address=said.address,
        detail=said.detail,
        created_at=said.created_at,
    )
    head.save(update_fields=["number", "digest"])


def _plain(detail: dict[str, Any]) -> dict[str, Any]:
    """The detail as it will be read again. Raises TypeError for what JSON does not keep as it is."""

    def refuse(number: str) -> Any:
        raise TypeError(f"a detail of the audit holds no fraction such as {number}")

    plain: dict[str, Any] = json.loads(json.dumps(detail), parse_float=refuse, parse_constant=refuse)
    return plain


def _held_head() -> Head:
    """The head of the chain; nobody else adds until this transaction ends."""
    head = Head.objects.select_for_update().filter(id=_ONLY).first()
    if head is None:
        # The migration made it, so somebody has deleted it. The check has said so, and acts go on.
        last = AuditRecord.objects.order_by("-number").first()
        first = Head(id=_ONLY, number=0, digest=NOTHING_BEFORE)
        if last is not None:
            first.number, first.digest = last.number, last.digest
        Head.objects.bulk_create([first], ignore_conflicts=True)
        head = Head.objects.select_for_update().get(id=_ONLY)
    return head


def note_check(*, rows: int, problem: str) -> None:
    """What checking every row found is on the page of the audit."""
    Standing.objects.update_or_create(
        id=_ONLY, defaults={"checked_at": clock.now(), "checked_rows": rows, "problem": problem}
    )


def note_anchor(*, number: int, anchor: str) -> None:
    """The page of the audit says up to which row the ledger vouches for it."""
    Standing.objects.update_or_create(
        id=_ONLY, defaults={"anchored_at": clock.now(), "anchored_number": number, "anchor": anchor}
    )
