"""Facts about orders."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class OrderPaid(Event):
    """The things of an order are sold and paid for; the money waits until they have arrived."""

    order_id: UUID


@dataclass(frozen=True)
class PartMoved(Event):
    """A part of an order took a step. `state` is a `rules.State`."""

    order_id: UUID
    part_id: UUID
    state: str
