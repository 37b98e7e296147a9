"""Periods, shares, changes, medians, and what each figure means. Pure: no Django, clock or chance."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

#: A group of fewer people than this is not shown by itself: its figures could be somebody's.
FLOOR: Final = 5

RANGES: Final = (7, 30, 90, 365)
DEFAULT_RANGE: Final = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days (UTC), from `first` to `last`, both of them in it."""

    first: dt.date
    last: dt.date

    @classmethod
    def ending(cls, last: dt.date, days: int) -> "Period":
        return cls(last - dt.timedelta(days=days - 1), last)

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """As many days, just before it."""
        return Period.ending(self.first - dt.timedelta(days=1), self.length)

    @property
    def days(self) -> list[dt.date]:
        return [self.first + dt.timedelta(days=each) for each in range(self.length)]

    @property
    def start(self) -> dt.datetime:
        return start_of(self.first)

    @property
    def end(self) -> dt.datetime:
        """The first moment behind it."""
        return start_of(self.last + dt.timedelta(days=1))


def start_of(day: dt.date) -> dt.datetime:
    """Its first moment."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def percent(part: int, whole: int) -> str | None:
    """With one decimal, halves up; None of nothing."""
    if whole == 0:
        return None
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}"


def change(now: int | Fraction, before: int | Fraction) -> int | None:
    """How much more it is now, in whole per cent; None where there was nothing before."""
    return None if before == 0 else round((now - before) / Fraction(before) * 100)


def median(counts: Mapping[int, int]) -> int | None:
    """Of values that occur so often each; between two it is the lower one. None of nothing."""
    place = (sum(counts.values()) - 1) // 2
    for value in sorted(value for value, count in counts.items() if count):
        place -= counts[value]
        if place < 0:
            return value
    return None


def span_words(seconds: int) -> str:
    """Such as `3 min 20 s`, with two units at the most."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for place, (name, size) in enumerate(units):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            small = units[place + 1] if place + 1 < len(units) else None
            more = f" {rest // small[1]} {small[0]}" if small and rest >= small[1] else ""
            return f"{whole} {name}{more}"
    return "0 s"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart of 100 units of height, and what it stands for."""

    day: dt.date
    value: int
    x: int
    height: int

    @property
    def y(self) -> int:
        return 100 - self.height


def bars(days: Sequence[dt.date], values: Mapping[dt.date, int]) -> list[Bar]:
    """One bar a day, the highest 100 high; a day with something in it is seen, however little it is. What is
    below zero has no height.
    """
    top = max([1, *(values.get(day, 0) for day in days)])
    return [
        Bar(day, value, place, 0 if value <= 0 else max(2, value * 100 // top))
        for place, day in enumerate(days)
        for value in [values.get(day, 0)]
    ]


class Unit(StrEnum):
    """What a figure is counted in, and so how days add up to a period."""

    COUNT = "count"  # Days are added.
    PEOPLE = "people"  # Different people on one day: a period shows the average day.
    SHARE = "share"  # One count as a share of another.
    MONEY = "money"  # Minor units by currency; days are added.
    SPAN = "span"  # A median of seconds over the whole period.


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: what the daily counts are called that it is made of, and what it means."""

    name: str
    title: str
    means: str
    unit: Unit = Unit.COUNT
    #: Of what it is a share.
    of: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    slug: str
    title: str
    measures: tuple[Measure, ...]
    #: Counts by key that are shown as a table of their own: name, title, what the keys are.
    tables: tuple[tuple[str, str, str], ...] = ()

    @property
    def names(self) -> list[str]:
        """Every daily count that it needs."""
        found = [each.name for each in self.measures] + [each.of for each in self.measures if each.of]
        return [*dict.fromkeys(found), *(name for name, _, _ in self.tables)]


SECTIONS: Final = (
    Section(
        "sign-in",
        "Signing in",
        (
            Measure("sign_in.tries", "Attempts", "Every attempt to sign in, with its final outcome."),
            Measure(
                *("sign_in.success", "Let in", "The share of attempts that ended signed in."),
                Unit.SHARE,
                "sign_in.tries",
            ),
            Measure(
                "sign_in.people",
                "Members signing in a day",
                "Different members who signed in on one day; the average of the days.",
                Unit.PEOPLE,
            ),
            Measure("sign_in.limited", "Stopped by a limit", "Attempts that came too fast or too often."),
            Measure("sign_in.decoy", "Decoy", "Requests for the pretended admin page at /admin/."),
        ),
        (("sign_in.outcome", "How attempts ended", "Outcome"),),
    ),
    Section(
        "members",
        "Members",
        (
            Measure("members.joined", "Joined", "Accounts that were made, also those that are gone since."),
            Measure(
                "members.activated",
                "Activated",
                "Of those whose first week is over: the share that wrote or bought something in it.",
                Unit.SHARE,
                "members.week_over",
            ),
            Measure(
                "members.active",
                "Active a day",
                "Different members who signed in, wrote a message or bought something on one day; the average"
                " of the days. Reading alone is not recorded, so it does not count.",
                Unit.PEOPLE,
            ),
        ),
    ),
    Section(
        "messages",
        "Messages",
        (
            Measure(
                "messages.sent", "Messages", "Messages that were recorded in the ledger. Never what they say."
            ),
            Measure(
                *("messages.end_to_end", "End to end", "The share that only its readers can read."),
                Unit.SHARE,
                "messages.sent",
            ),
            Measure(
                *(
                    "messages.writers",
                    "Writers a day",
                    "Different members who wrote; the average of the days.",
                ),
                Unit.PEOPLE,
            ),
            Measure(
                "messages.conversations",
                "Conversations a day",
                "Different conversations with a new message; the average of the days.",
                Unit.PEOPLE,
            ),
        ),
    ),
    Section(
        "chain",
        "Ledger",
        (
            Measure("chain.entries", "Entries", "What was sealed: messages, keys, steps of orders, ratings."),
            Measure("chain.blocks", "Blocks", "Blocks that were sealed."),
            Measure(
                *("chain.attempts", "Tries per 100 blocks", "How often a block was hashed until it fitted."),
                Unit.SHARE,
                "chain.blocks",
            ),
            Measure("chain.mining_ms", "Mining", "Milliseconds spent on finding proofs of work."),
            Measure("chain.sealing_ms", "Sealing", "Milliseconds spent on sealing altogether."),
            Measure("chain.runs", "Verifications", "Whole verifications by this server that ran to the end."),
            Measure(
                *(
                    "chain.clean",
                    "Without findings",
                    "The share of them that found everything as it was sealed.",
                ),
                Unit.SHARE,
                "chain.runs",
            ),
            Measure(
                "chain.alarms",
                "Alarms",
                "Alarms of the ledger. Members' own devices check by themselves and report nothing.",
            ),
        ),
    ),
    Section(
        "market",
        "Market",
        (
            Measure("market.views", "Looks", "How often items were opened by others than their sellers."),
            Measure("market.carts", "Into carts", "How often an item was put into a cart."),
            Measure("market.begun", "Checkouts", "Checkouts that were begun."),
            Measure(
                *("market.paid", "Conversion", "Checkouts of the period that are paid, as a share of looks."),
                Unit.SHARE,
                "market.views",
            ),
            Measure(
                "market.left",
                "Left behind",
                "Checkouts of the period that ended without being paid, as a share of those begun.",
                Unit.SHARE,
                "market.begun",
            ),
            Measure(
                "payments.settled",
                "Payments that work",
                "Payments that settled, as a share of those that settled or failed.",
                Unit.SHARE,
                "payments.tried",
            ),
            Measure(
                "payments.seconds",
                "Time to pay",
                "From the beginning of a payment until it settled; the median.",
                Unit.SPAN,
            ),
            Measure("market.revenue", "Revenue", "What buyers paid, less what they got back.", Unit.MONEY),
        ),
    ),
    Section(
        "moderation",
        "Moderation",
        (
            Measure("verification.asked", "Asked to be verified", "Requests that were made."),
            Measure(
                "verification.decided", "Decided", "Decisions that stand: approved, rejected, asked again."
            ),
            Measure(
                *("verification.approved", "Approved", "The share of decisions that approved."),
                Unit.SHARE,
                "verification.decided",
            ),
            Measure(
                *(
                    "verification.seconds",
                    "Wait for a decision",
                    "From the request to the decision; the median.",
                ),
                Unit.SPAN,
            ),
            Measure(
                "verification.reversed",
                "Reversed",
                "Decisions that were undone, and verifications that were taken back.",
            ),
            Measure("claims.opened", "Claims", "Claims that buyers opened."),
            Measure("claims.ended", "Claims settled", "Claims that ended, by agreement or by the staff."),
            Measure(
                *(
                    "claims.by_staff",
                    "Settled by the staff",
                    "The share of settled claims that the staff decided.",
                ),
                Unit.SHARE,
                "claims.ended",
            ),
            Measure("claims.seconds", "Time to settle", "From the claim to its end; the median.", Unit.SPAN),
        ),
    ),
)

SECTION_OF: Final = {section.slug: section for section in SECTIONS}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table by key; `people` is how many different ones stand behind it."""

    key: str
    value: int
    people: int


OTHERS: Final = "Others, fewer than five people each"


def with_floor(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Key and value, the most first. Groups of fewer than FLOOR people are told together, and only if there
    are FLOOR of them together; alone they could be recomputed from the sum.
    """
    kept = sorted((row for row in rows if row.people >= FLOOR), key=lambda row: (-row.value, row.key))
    small = [row for row in rows if row.people < FLOOR]
    shown = [(row.key, row.value) for row in kept]
    if sum(row.people for row in small) >= FLOOR and len(small) > 1:
        shown.append((OTHERS, sum(row.value for row in small)))
    return shown
