"""Facts that somebody should look at."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True, slots=True)
class Found(Event):
    """The automatic help found something. Whoever keeps the queue of the staff reads the finding."""

    finding_id: UUID
