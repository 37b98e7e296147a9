"""Facts about copies and erasures."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class ExportReady(Event):
    """The member can fetch the copy of their data."""

    member_id: UUID
    export_id: UUID


@dataclass(frozen=True)
class ExportFailed(Event):
    """The copy could not be made."""

    member_id: UUID
    export_id: UUID


@dataclass(frozen=True)
class ErasureFinished(Event):
    """Every app has erased what belonged to the member."""

    erasure_id: UUID
