"""What becomes known about the health of the instance."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class HealthChanged(Event):
    """An alert was opened, became worse or was resolved, and this owner is to be told by mail."""

    alert_id: UUID
    recipient_id: UUID
    severity: str
    is_resolved: bool
