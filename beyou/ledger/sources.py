"""The ports through which the ledger sees what its entries should say.

The app that stores messages supplies the one source of messages, and each app that records steps of orders
one of those; the ledger never imports them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from beyou.ledger.format import Opening
from beyou.ledger.steps import Actor, Step


class MessageSource(Protocol):
    """Reads of stored messages, each in a fixed number of queries."""

    def openings(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Opening]:
        """The openings of these messages, computed from the rows as they are stored now.

        A message that is not stored is absent. A body that cannot be decrypted any more still has
        an opening, with a body digest that fits nothing.
        """
        ...

    def message_ids(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """The ids of stored messages greater than ``after``, ascending, at most ``limit``."""
        ...

    def withheld(self, message_ids: Sequence[UUID]) -> Collection[UUID]:
        """Those of the messages that their members cannot read, since the staff removed them."""
        ...


_source: MessageSource | None = None


def use(source: MessageSource | None) -> MessageSource | None:
    """Make this the source that verification asks; returns the one before it."""
    global _source
    before, _source = _source, source
    return before


def current() -> MessageSource | None:
    """The source, or None where no app stores messages."""
    return _source


@dataclass(frozen=True, slots=True)
class StoredStep:
    """A recorded step; ``facts`` is None once whoever took it erased their account."""

    part_id: UUID
    number: int
    step: Step
    actor: Actor
    actor_id: UUID | None
    at_ms: int
    facts: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What an app stores of a part of an order contradicts what was recorded. ``where`` is for a person."""

    part_id: UUID
    where: str
    detail: str


class StepSource(Protocol):
    """Comparisons of what an app stores with the steps that it recorded, by a fixed number of queries."""

    def part_ids(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """The parts of which the app must have recorded something, greater than ``after``, ascending."""
        ...

    def differences(self, steps: Mapping[UUID, Sequence[StoredStep]]) -> Iterator[Difference]:
        """What is not stored as it was recorded. ``steps`` has all steps of some parts by their number,
        those of other apps too; none for a part of which nothing was recorded.
        """
        ...


_step_sources: dict[str, StepSource] = {}


def use_steps(name: str, source: StepSource) -> None:
    """Verification asks this source, too; of two with one name the later one."""
    _step_sources[name] = source


def step_sources() -> list[StepSource]:
    """Every source of steps, in the order of their names."""
    return [source for _, source in sorted(_step_sources.items())]
