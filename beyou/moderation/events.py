"""Facts about decisions."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True, slots=True)
class SanctionMoved(Event):
    """The member has to be told of a decision, or of what became of it."""

    sanction_id: UUID
    member_id: UUID
    #: `rules.State`, or `upheld` for an appeal that changed nothing.
    what: str
