"""What verification says of steps of orders: as they were sealed, in order, stored as they were recorded."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from beyou.ledger.batches import Batch
from beyou.ledger.erasures import Finding
from beyou.ledger.format import (
    FormatError,
    document_value,
)
from beyou.ledger.models import EntryRow, OutboxRow, StepRow
from beyou.ledger.sources import Difference, StepSource, StoredStep
from beyou.ledger.steps import Actor, Step, StepOpening, is_in_order, step_commitment

_AT_ONCE: Final = 500
_LOOKS: Final = 5
_STEPS: Final = frozenset(Step)
_ACTORS: Final = frozenset(Actor)


def opening_of(row: StepRow) -> StepOpening:
    """What the row says today. Raises FormatError for values that no step has."""
    try:
        step, actor = Step(row.step), Actor(row.actor)
    except ValueError:
        raise FormatError(f"there is no step {row.step} or no actor {row.actor}") from None
    document = document_value(bytes(row.document or b""))
    return StepOpening(
        step, actor, row.id, row.part_id, row.actor_id, row.number, max(row.at_ms, 0), document
    )


@dataclass(slots=True)
class Steps:
    """The steps that one walk over the log has met, by the part of the order."""

    _seen: dict[UUID, list[Step]] = field(default_factory=dict)

    def check_entry(self, row: EntryRow, value: bytes, where: str, batch: Batch) -> Iterator[Finding]:
        """An entry that commits to a step."""
        step_id = row.message_id
        if step_id is None:
            detail = "its step was cut off without a recorded erasure"
            yield Finding("entry_unlinked", where, detail, row.seq, row.block_no)
            return
        step, salt = batch.steps.get(step_id), batch.salts.get(step_id)
        if step is None:
            detail = "is not stored any more"
            yield Finding("step_missing", f"step {step_id} ({where})", detail, row.seq, row.block_no)
        elif salt is None:
            detail = "its salt is gone without a recorded erasure"
            yield Finding("salt_missing", _named(step, where), detail, row.seq, row.block_no)
            self._meet(step)
        elif not _opens(value, salt, step):
            detail = "is not what was sealed"
            yield Finding("step_altered", _named(step, where), detail, row.seq, row.block_no)
            self._meet(step)
        else:
            yield from self._follow(step, row, where)

    def check_erased(self, row: EntryRow, where: str, batch: Batch) -> Iterator[Finding]:
        """An entry that was erased on purpose: of a step only its place is left to check."""
        step = batch.steps.get(row.message_id) if row.message_id else None
        if step is not None:
            yield from self._follow(step, row, where)

    def _follow(self, step: StepRow, row: EntryRow, where: str) -> Iterator[Finding]:
        earlier = self._seen.get(step.part_id, [])
        if step.number != len(earlier) + 1:
            detail = f"is number {step.number} of its order, and {len(earlier)} are sealed before it"
            yield Finding("step_gap", _named(step, where), detail, row.seq, row.block_no)
        elif step.step not in _STEPS or not is_in_order(earlier, Step(step.step)):
            detail = "cannot follow the steps that were sealed before it"
            yield Finding("step_order", _named(step, where), detail, row.seq, row.block_no)
        self._meet(step)

    def _meet(self, step: StepRow) -> None:
        if step.step in _STEPS:
            self._seen.setdefault(step.part_id, []).append(Step(step.step))

    def check_recorded(self) -> Iterator[Finding]:
        """At the end of the walk: each stored step is in an entry, or in one that waits."""
        after: UUID | None = None
        while rows := _rows_after(after):
            ids = [row.id for row in rows]
            # In this order, so that an entry sealed meanwhile is seen in one of the two places.
            waiting = OutboxRow.objects.filter(message_id__in=ids).values_list("message_id", flat=True)
            known = set(waiting)
            known |= set(EntryRow.objects.filter(message_id__in=ids).values_list("message_id", flat=True))
            for row in rows:
                if row.id not in known:
                    yield Finding("step_unrecorded", _named(row), "is stored but was never recorded")
            after = ids[-1]


def _rows_after(after: UUID | None) -> list[StepRow]:
    rows = StepRow.objects.order_by("id")
    return list((rows.filter(id__gt=after) if after else rows)[:_AT_ONCE])


def _named(step: StepRow, where: str = "") -> str:
    named = f"step {step.number} of order part {step.part_id}"
    return f"{named} ({where})" if where else named


def _opens(value: bytes, salt: bytes, step: StepRow) -> bool:
    try:
        return step_commitment(salt, opening_of(step)) == value
    except FormatError:
        return False


def differences(source: StepSource) -> Iterator[Finding]:
    """What an app stores of orders is what it recorded, for every part of which there is either."""
    for parts in _parts(source):
        suspects = dict.fromkeys(each.part_id for each in source.differences(_stored(parts)))
        for part_id in suspects:
            for each in _certain(source, part_id):
                yield Finding("order_altered", each.where, each.detail)


def _parts(source: StepSource) -> Iterator[Sequence[UUID]]:
    """The parts that the ledger knows, then those of the app of which it knows nothing."""
    after: UUID | None = None
    while True:
        rows = StepRow.objects.order_by("part_id").filter(number=1)
        found = rows.filter(part_id__gt=after) if after else rows
        ids = list(found.values_list("part_id", flat=True)[:_AT_ONCE])
        if not ids:
            break
        yield ids
        after = ids[-1]
    after = None
    while own := source.part_ids(after, _AT_ONCE):
        known = set(StepRow.objects.filter(part_id__in=own, number=1).values_list("part_id", flat=True))
        yield [part_id for part_id in own if part_id not in known]
        after = own[-1]


def _certain(source: StepSource, part_id: UUID) -> Iterable[Difference]:
    """What still differs when nobody takes a step while we look."""
    found: list[Difference] = []
    steps = _stored([part_id])
    for _ in range(_LOOKS):
        found = list(source.differences(steps))
        again = _stored([part_id])
        if again == steps:
            break
        steps = again
    return found


def _stored(part_ids: Sequence[UUID]) -> dict[UUID, list[StoredStep]]:
    found: dict[UUID, list[StoredStep]] = {part_id: [] for part_id in part_ids}
    for row in StepRow.objects.filter(part_id__in=part_ids).order_by("part_id", "number"):
        if row.step in _STEPS and row.actor in _ACTORS:
            found[row.part_id].append(_step(row))
    return found


def _step(row: StepRow) -> StoredStep:
    facts = None if row.document is None else _json(bytes(row.document))
    return StoredStep(
        *(row.part_id, row.number, Step(row.step), Actor(row.actor), row.actor_id, row.at_ms, facts)
    )


def _json(document: bytes) -> dict[str, Any]:
    """An altered document is found by its entry; here it only must not stop the walk."""
    try:
        found = json.loads(document)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
