"""Shows the ledger whether orders are stored as their steps were recorded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from beyou.ledger.sources import Difference, StoredStep
from beyou.ledger.steps import Step
from beyou.orders.models import SubOrder
from beyou.orders.rules import State
from beyou.orders.services.recording import terms_of

_STATES: Final[Mapping[Step, State]] = {
    Step.PLACED: State.PENDING,
    Step.CANCELLED: State.CANCELLED,
    Step.PAID: State.PAID,
    Step.SHIPPED: State.SHIPPED,
    Step.DELIVERED: State.DELIVERED,
    Step.CALLED_OFF: State.REFUNDED,
    Step.DISPUTED: State.DISPUTED,
}


class StoredOrders:
    """The ledger's `StepSource` of `orders`; each method is two statements at most."""

    def part_ids(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Nothing needs to be recorded of what was never to be paid."""
        rows = SubOrder.objects.exclude(state__in=(State.PENDING, State.CANCELLED)).order_by("id")
        found = rows.filter(id__gt=after) if after else rows
        return list(found.values_list("id", flat=True)[:limit])

    def differences(self, steps: Mapping[UUID, Sequence[StoredStep]]) -> Iterator[Difference]:
        rows = SubOrder.objects.filter(id__in=list(steps)).prefetch_related("lines")
        parts = {part.pk: part for part in rows}
        for part_id, taken in steps.items():
            part = parts.get(part_id)
            named = f"order part {part.number if part else part_id}"
            for detail in _part(part, taken) if part else _missing(taken):
                yield Difference(part_id, named, detail)


def _missing(taken: Sequence[StoredStep]) -> Iterator[str]:
    # A checkout that is begun anew makes new parts, after the old ones were given up.
    if taken and taken[-1].step is not Step.CANCELLED:
        yield "is not stored any more"


def _part(part: SubOrder, taken: Sequence[StoredStep]) -> Iterator[str]:
    if not taken:
        yield "was paid, but nothing was ever recorded of it"
        return
    agreed = _last(taken, Step.PLACED)
    if agreed is not None and agreed.facts is not None and State(part.state) is not State.PENDING:
        now = terms_of(part)
        changed = [name for name in sorted(now) if now[name] != agreed.facts.get(name)]
        if changed:
            yield f"says something else than was agreed: {', '.join(changed)}"
    states = _states(taken, part)
    if states and part.state not in states:
        yield f"is {part.state}, but was recorded as {' or '.join(sorted(states))}"
    parcel = _last(taken, Step.SHIPPED, Step.CORRECTED)
    if parcel is not None and parcel.facts is not None:
        stored = {"carrier": part.carrier, "tracking": part.tracking}
        if stored != {name: parcel.facts.get(name) for name in stored}:
            yield "has another carrier or tracking number than was recorded"


def _last(taken: Sequence[StoredStep], *kinds: Step) -> StoredStep | None:
    return next((each for each in reversed(taken) if each.step in kinds), None)


def _states(taken: Sequence[StoredStep], part: SubOrder) -> set[State]:
    """The states that the part may be in after these steps."""
    last = _last(taken, *_STATES, Step.SETTLED)
    if last is None:
        return set()
    if last.step is not Step.SETTLED:
        return {_STATES[last.step]}
    if last.facts is None:
        return {State.DELIVERED, State.REFUNDED}
    is_whole = last.facts.get("amount_minor") == part.total_minor
    return {State.REFUNDED if is_whole else State.DELIVERED}
