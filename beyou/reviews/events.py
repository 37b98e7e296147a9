"""Facts about ratings."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class RatingsShown(Event):
    """Whatever the two sides of a part of an order wrote about each other can be read now."""

    part_id: UUID


@dataclass(frozen=True)
class RatingReported(Event):
    """A member finds that a rating, or the reply to it, breaks the rules. Nobody decides about it yet."""

    rating_id: UUID
    reporter_id: UUID
    reason: str
