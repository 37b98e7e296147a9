"""What proves to buyer and seller, without this server, what happened to an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from beyou.core.errors import NotFound
from beyou.ledger.queries import step_receipt, steps_of
from beyou.orders.queries.orders import order_of, part_of, parts_of

#: Several receipts in one file, as `verifier/` takes them.
_MANY: Final = "beyou/order-receipts/1"


@dataclass(frozen=True, slots=True)
class Sealing:
    """How much of what happened is recorded, and how much of that can be proven already."""

    steps: int
    sealed: int

    @property
    def waiting(self) -> int:
        return self.steps - self.sealed


def sealing_of(part_ids: Sequence[UUID]) -> Sealing:
    """Of these parts together. Three statements."""
    steps = [step for each in steps_of(part_ids).values() for step in each]
    return Sealing(len(steps), sum(step.seq is not None for step in steps))


def bought_receipt(member_id: UUID, number: str) -> dict[str, Any]:
    """The receipts of all parts of an order, for its buyer. Raises `NotFound`, also before it was to be paid,
    and `LedgerDamaged`.
    """
    recorded = steps_of([part.pk for part in parts_of(order_of(member_id, number))])
    parts = [part_id for part_id, steps in recorded.items() if steps]
    if not parts:
        raise NotFound("Nothing of this order is recorded before you pay.")
    return {"format": _MANY, "receipts": [step_receipt(part_id) for part_id in parts]}


def sold_receipt(member_id: UUID, number: str) -> dict[str, Any]:
    """The receipt of one part of an order, for its seller. Raises `NotFound`, and `LedgerDamaged`."""
    return step_receipt(part_of(member_id, number).pk)
