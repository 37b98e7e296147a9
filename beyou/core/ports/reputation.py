"""How members stand with those they traded with. The market and its orders show it; the app that keeps
ratings stands above them and answers here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Standing:
    """So many ratings, and the sum of their stars. Without ratings there is no standing."""

    count: int
    total: int

    @property
    def average(self) -> str:
        """With one decimal, halves up; by whole numbers, so that every engine and every checker agrees."""
        tenths = (20 * self.total + self.count) // (2 * self.count)
        return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True, slots=True)
class Duty:
    """What a member may do about the rating of a part of an order, and whether it is still to be done."""

    words: str
    is_open: bool


class Source(Protocol):
    """Whoever keeps the ratings."""

    def standings(self, member_ids: Collection[UUID]) -> dict[UUID, Standing]:
        """How those of these members who were rated stand as sellers. One statement."""
        ...

    def duties(self, member_id: UUID, part_ids: Collection[UUID]) -> dict[UUID, Duty]:
        """What the member may do or see of the ratings of those of these parts that are delivered. Two
        statements.
        """
        ...


_source: Source | None = None


def use(source: Source) -> None:
    """Makes the source the one that is asked."""
    global _source
    _source = source


def standings(member_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """How those of these members who were rated stand as sellers. One statement, none without members."""
    return _source.standings(member_ids) if _source is not None and member_ids else {}


def duties(member_id: UUID, part_ids: Collection[UUID]) -> dict[UUID, Duty]:
    """What the member may do or see of the ratings of these parts. Two statements, none without parts."""
    return _source.duties(member_id, part_ids) if _source is not None and part_ids else {}
