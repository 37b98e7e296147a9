"""Erasing the steps of a member who erased their account: in batches, each whole, each safe to repeat."""

from typing import Final
from uuid import UUID

from django.db import transaction

from beyou.core import clock
from beyou.ledger.format import Reason
from beyou.ledger.models import PendingErasure, StepRow
from beyou.ledger.services import erase_messages

_BATCH: Final = 500
#: How long what is not sealed yet is left alone.
UNSEALED_MS: Final = 5_000


def is_erasing(member_id: UUID) -> bool:
    return PendingErasure.objects.filter(member_id=member_id).exists()


def erase_next_steps() -> bool:
    """One batch is erased in one transaction; False when nothing is due.

    Any number of processes may call it, and each may die at any moment: the next call goes on.
    """
    due = PendingErasure.objects.filter(due_ms__lte=clock.now_ms()).order_by("due_ms").first()
    if due is None:
        return False
    with transaction.atomic():
        row = PendingErasure.objects.select_for_update().filter(member_id=due.member_id).first()
        if row is not None:
            _erase_batch(row)
    return True


def _erase_batch(row: PendingErasure) -> None:
    own = StepRow.objects.filter(actor_id=row.member_id, document__isnull=False).order_by("id")
    batch = list(own.values_list("id", flat=True)[:_BATCH])
    unsealed = erase_messages(batch, reason=Reason.ACCOUNT).unsealed if batch else frozenset()
    StepRow.objects.filter(id__in=[step for step in batch if step not in unsealed]).update(document=None)
    if unsealed:
        row.due_ms = clock.now_ms() + UNSEALED_MS
        row.save(update_fields=["due_ms"])
    elif len(batch) < _BATCH:
        row.delete()
