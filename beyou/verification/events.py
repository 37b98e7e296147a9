"""Facts about verification."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class DecisionMade(Event):
    """A reviewer decided; heard only once it can no longer be taken back, and then it may have been."""

    decision_id: UUID


@dataclass(frozen=True)
class VerificationSettled(Event):
    """A decision that stands. `verdict` is a `rules.Verdict`."""

    member_id: UUID
    decision_id: UUID
    verdict: str
