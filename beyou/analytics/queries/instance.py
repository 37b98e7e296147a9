"""What the staff sees of the instance. Groups of fewer than five people are not told by themselves."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.conf import settings

from beyou.analytics import rules
from beyou.analytics.models import DayFigure
from beyou.analytics.rules import Bar, Measure, Period, Row, Section, Unit
from beyou.core.money import format_money, plain_amount
from beyou.core.tables import Cell
from beyou.marketplace import figures as market
from beyou.orders import figures as orders
from beyou.payments import figures as payments
from beyou.users import figures as users


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure in a period: as people read it, against the period before, and by day for its chart."""

    measure: Measure
    shown: str
    before: str
    change: int | None
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    head: str
    rows: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """Those who joined in one week: how many, and how many per cent came back in that week and each after it;
    None where the week is not over, and where there are too few to tell.
    """

    monday: dt.date
    joined: int
    weeks: list[str | None]


@dataclass(frozen=True, slots=True)
class Overview:
    period: Period
    figures: list[Figure]
    tables: list[Table]
    kept: list[Kept]
    #: The last day that was counted.
    counted: dt.date | None


Daily = Mapping[tuple[str, str], Mapping[dt.date, int]]


def _daily(section: Section, first: dt.date, last: dt.date) -> Daily:
    """Counts by name and key, and in them by day. One statement."""
    found: dict[tuple[str, str], dict[dt.date, int]] = defaultdict(dict)
    rows = DayFigure.objects.filter(name__in=section.names, day__range=(first, last))
    for name, key, day, value in rows.values_list("name", "key", "day", "value"):
        found[name, key][day] = value
    return found


def overview(section: Section, period: Period) -> Overview:
    """The section in the period. A fixed number of statements."""
    daily = _daily(section, period.before.first, period.last)
    tables = [Table(title, head, _by_key(daily, name, period)) for name, title, head in section.tables]
    kept: list[Kept] = []
    if section.slug == "market":
        tables += [_categories(period), _sellers(period)]
    elif section.slug == "members":
        kept = _cohorts(period.last)
    last = DayFigure.objects.order_by("-day").values_list("day", flat=True).first()
    figures = [_figure(each, daily, period) for each in section.measures]
    return Overview(period, figures, tables, kept, last)


def _figure(measure: Measure, daily: Daily, period: Period) -> Figure:
    now, before = _value(measure, daily, period), _value(measure, daily, period.before)
    numbers = isinstance(now, int | Fraction), isinstance(before, int | Fraction)
    change = rules.change(now, before) if all(numbers) else None  # type: ignore[arg-type]  # both were asked
    values = _by_day(measure, daily)
    return Figure(
        measure, _words(measure, now), _words(measure, before), change, rules.bars(period.days, values)
    )


def _by_day(measure: Measure, daily: Daily) -> Mapping[dt.date, int]:
    """What the chart shows of each day: counts; shares in per mille; medians in seconds."""
    own = daily.get((measure.name, ""), {})
    if measure.unit is Unit.SHARE:
        whole = daily.get((measure.of, ""), {})
        return {day: 1000 * own.get(day, 0) // number for day, number in whole.items()}
    if measure.unit is Unit.MONEY:
        return daily.get((measure.name, settings.MARKET_CURRENCY), {})
    if measure.unit is Unit.SPAN:
        spans: dict[dt.date, dict[int, int]] = defaultdict(dict)
        for (name, key), days in daily.items():
            if name == measure.name:
                for day, number in days.items():
                    spans[day][int(key)] = number
        return {day: rules.median(counts) or 0 for day, counts in spans.items()}
    return own


Value = int | Fraction | Mapping[str, int] | None


def _value(measure: Measure, daily: Daily, period: Period) -> Value:
    """The measure over the whole period: a sum, an average of days, a share, money by currency, a median."""

    def total(name: str, key: str = "") -> int:
        return sum(
            value for day, value in daily.get((name, key), {}).items() if period.first <= day <= period.last
        )

    if measure.unit is Unit.SHARE:
        whole = total(measure.of)
        return Fraction(total(measure.name), whole) if whole else None
    if measure.unit is Unit.PEOPLE:
        return Fraction(total(measure.name), period.length)
    keys = [key for name, key in daily if name == measure.name]
    if measure.unit is Unit.MONEY:
        return {key: total(measure.name, key) for key in sorted(keys)} or {settings.MARKET_CURRENCY: 0}
    if measure.unit is Unit.SPAN:
        return rules.median({int(key): total(measure.name, key) for key in keys})
    return total(measure.name)


def _words(measure: Measure, value: Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return " + ".join(format_money(total, currency) for currency, total in value.items())
    if measure.unit is Unit.SHARE:
        part = Fraction(value)
        return f"{rules.percent(part.numerator, part.denominator)} %"
    if measure.unit is Unit.PEOPLE:
        tenths = round(Fraction(value) * 10)
        return f"{tenths // 10:,}.{tenths % 10}"
    if measure.unit is Unit.SPAN:
        return rules.span_words(int(value))
    return f"{int(value):,}"


def _by_key(daily: Daily, name: str, period: Period) -> list[tuple[str, str]]:
    sums = {
        key: sum(value for day, value in days.items() if period.first <= day <= period.last)
        for (each, key), days in daily.items()
        if each == name
    }
    ordered = sorted(
        ((key, total) for key, total in sums.items() if total), key=lambda row: (-row[1], row[0])
    )
    return [(key.replace("_", " ").capitalize(), f"{total:,}") for key, total in ordered]


def _categories(period: Period) -> Table:
    """Units by the highest category. Two statements."""
    sold = orders.sold(period.start, period.end)
    branches = market.branches_of({item_id for item_id, _, _ in sold}) if sold else {}
    units: Counter[str] = Counter()
    buyers: dict[str, set[UUID]] = defaultdict(set)
    for item_id, quantity, buyer_id in sold:
        branch = branches.get(item_id, "Items that are gone")
        units[branch] += quantity
        buyers[branch].add(buyer_id)
    rows = rules.with_floor([Row(name, units[name], len(buyers[name])) for name in units])
    return Table("Sold by category", "Category", [(name, f"{number:,}") for name, number in rows])


#: Sellers that the table names at the most.
MOST_SELLERS = 20


def _sellers(period: Period) -> Table:
    """What buyers paid, by seller, of those with enough buyers. Two statements."""
    found = [
        each
        for each in payments.taken_by_seller(period.start, period.end, most=MOST_SELLERS)
        if each.buyers >= rules.FLOOR
    ]
    handles = users.handles({each.seller_id for each in found}) if found else {}
    rows = [
        (
            f"@{handles.get(each.seller_id, 'somebody who left')}",
            format_money(each.amount_minor, each.currency),
        )
        for each in found
    ]
    return Table("Revenue by seller, of five buyers or more", "Seller", rows)


def _cohorts(last: dt.date) -> list[Kept]:
    """The last twelve weeks, the newest first. One statement."""
    first = rules.monday_of(last) - dt.timedelta(weeks=12)
    found: dict[dt.date, dict[str, int]] = defaultdict(dict)
    rows = DayFigure.objects.filter(name="members.kept", day__gte=first).values_list("day", "key", "value")
    for day, key, value in rows:
        found[day][key] = value
    kept = []
    for monday in sorted(found, reverse=True):
        joined = found[monday].pop("joined", 0)
        weeks = [
            rules.percent(found[monday][f"{week:02d}"], joined)
            if joined >= rules.FLOOR and f"{week:02d}" in found[monday]
            else None
            for week in range(12)
        ]
        kept.append(Kept(monday, joined, weeks))
    return kept


def daily_file(section: Section, period: Period) -> tuple[list[str], list[list[Cell]]]:
    """The head and a line for each day, of every count that the figures are made of: shares as two counts,
    money by currency; how long things took stays out. One statement.
    """
    daily = _daily(section, period.first, period.last)
    columns = _columns(section, daily)
    head = ["Day (UTC)", *(f"{name} {key}".strip() for name, key in columns)]
    return head, [
        [day.isoformat(), *(_cell(daily.get(column, {}).get(day, 0), column) for column in columns)]
        for day in period.days
    ]


def _columns(section: Section, daily: Daily) -> list[tuple[str, str]]:
    spans = {each.name for each in section.measures if each.unit is Unit.SPAN}
    places = {name: place for place, name in enumerate(section.names)}
    found = set(daily) | {(each, "") for each in _plain(section)}
    return sorted(
        (each for each in found if each[0] not in spans), key=lambda each: (places[each[0]], each[1])
    )


def _plain(section: Section) -> list[str]:
    keyed = {each.name for each in section.measures if each.unit in (Unit.MONEY, Unit.SPAN)}
    keyed |= {name for name, _, _ in section.tables}
    return [name for name in section.names if name not in keyed]


def _cell(value: int, column: tuple[str, str]) -> int | Decimal:
    return Decimal(plain_amount(value, column[1])) if column[0] == "market.revenue" else value
