"""Who rates whom, when, and when both may read it. Pure: no Django, clock or chance."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from beyou.core.ports.reputation import Standing

#: Both sides rate within this time after the delivery. At its end, or once both have rated, both may read.
RATE_WITHIN: Final = dt.timedelta(days=14)
#: Whoever has not rated is reminded once, so long before the end.
REMIND_BEFORE: Final = dt.timedelta(days=4)
#: For how long whoever rated may change it. Stars never change once both may read them.
EDIT_WITHIN: Final = dt.timedelta(hours=48)
MOST_TEXT: Final = 2_000
MOST_REPLY: Final = 1_000
STARS: Final = (1, 2, 3, 4, 5)
STAR_WORDS: Final = {1: "Bad", 2: "Poor", 3: "Fair", 4: "Good", 5: "Very good"}


class Side(StrEnum):
    """A side of a trade. A rating has the side of who wrote it, and counts for the other."""

    BUYER = "buyer"
    SELLER = "seller"

    @property
    def other(self) -> "Side":
        return Side.SELLER if self is Side.BUYER else Side.BUYER


class May(StrEnum):
    """What whoever rates may do now."""

    RATE = "rate"
    CHANGE = "change"  # Stars and words.
    REWORD = "reword"  # Words alone: the other side has read the stars.
    NOTHING = "nothing"


def may(
    *,
    now: dt.datetime,
    closes_at: dt.datetime,
    is_shown: bool,
    rated_at: dt.datetime | None,
) -> May:
    """What one side may do. The last moment of a time does not belong to it."""
    is_open = now < closes_at and not is_shown
    if rated_at is None:
        return May.RATE if is_open else May.NOTHING
    if now >= rated_at + EDIT_WITHIN:
        return May.NOTHING
    return May.CHANGE if is_open else May.REWORD


def closes(delivered_at: dt.datetime) -> dt.datetime:
    """Until when both sides may rate."""
    return delivered_at + RATE_WITHIN


def reminds(closes_at: dt.datetime) -> dt.datetime:
    """When whoever has not rated is reminded."""
    return closes_at - REMIND_BEFORE


def cleaned(text: str) -> str:
    """What was written, without control characters and the space around it."""
    kept = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text.replace("\r\n", "\n"))
    return kept.strip()


def facts_of(side: str, number: int, stars: int, text: str) -> dict[str, object]:
    """What is recorded of a rating for both sides. `number` counts the ratings of its subject on that side of
    trades, so that one that is hidden later leaves a hole.
    """
    words = hashlib.sha256(text.encode()).hexdigest()
    return {"by": side, "number": number, "stars": stars, "text_sha256": words}


@dataclass(frozen=True, slots=True)
class Totals:
    """Ratings by stars, from one to five."""

    by_stars: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)

    @property
    def count(self) -> int:
        return sum(self.by_stars)

    @property
    def total(self) -> int:
        return sum(stars * many for stars, many in zip(STARS, self.by_stars, strict=True))

    @property
    def average(self) -> str:
        """As everybody sees it; "" without ratings."""
        return Standing(self.count, self.total).average if self.count else ""

    def plus(self, stars: int) -> "Totals":
        one, two, three, four, five = (
            many + (stars == each) for each, many in zip(STARS, self.by_stars, strict=True)
        )
        return Totals((one, two, three, four, five))

    @property
    def shares(self) -> list[tuple[int, int, int]]:
        """Stars, how many ratings, and that in percent, five stars first."""
        whole = self.count or 1
        return [
            (stars, many, (200 * many + whole) // (2 * whole))
            for stars, many in reversed(list(zip(STARS, self.by_stars, strict=True)))
        ]


def median_hours(spans: Sequence[dt.timedelta]) -> int | None:
    """The span in the middle, in begun hours; of two the longer one. None for none."""
    if not spans:
        return None
    seconds = sorted(spans)[len(spans) // 2].total_seconds()
    return max(1, -(-int(seconds) // 3600))


def pace(hours: int | None) -> str:
    """How long that is, in words."""
    if hours is None:
        return ""
    if hours <= 24:
        return "within a day"
    days = -(-hours // 24)
    return f"within {days} days"
