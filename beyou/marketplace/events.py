"""Facts about what is offered."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class StockFreed(Event):
    """Units that an order held can be bought again."""

    variant_id: UUID


@dataclass(frozen=True)
class ItemListed(Event):
    """An item can be bought from now on."""

    item_id: UUID


@dataclass(frozen=True)
class ItemWithdrawn(Event):
    """An item can no longer be bought: paused, ended or taken off by staff."""

    item_id: UUID
