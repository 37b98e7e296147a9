"""What a seller sees of their own business."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from beyou.analytics import rules
from beyou.analytics.models import ItemDay
from beyou.analytics.rules import Bar, Period
from beyou.core import clock
from beyou.core.money import format_money
from beyou.disputes import figures as disputes
from beyou.marketplace import figures as market
from beyou.offers import figures as offers
from beyou.orders import figures as orders
from beyou.payments import figures as payments
from beyou.payments import queries as money


@dataclass(frozen=True, slots=True)
class ToDo:
    """One thing that waits for the seller."""

    count: int
    #: One of what it is, and what is to be done with it.
    what: str
    step: str
    address: str
    icon: str
    #: Until when; and whether that is over for some of it.
    by: dt.datetime | None = None
    is_late: bool = False

    @property
    def words(self) -> str:
        return f"{self.count} {self.what}{'' if self.count == 1 else 's'} {self.step}"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a seller sold in a period: minor units by currency, parts of orders, different buyers."""

    revenue: Mapping[str, int]
    sales: int
    buyers: int
    views: int
    carts: int

    @property
    def revenue_words(self) -> str:
        found = {settings.MARKET_CURRENCY: 0} | dict(self.revenue)
        shown = {currency: total for currency, total in found.items() if total} or found
        return " + ".join(format_money(total, currency) for currency, total in sorted(shown.items()))

    @property
    def sale_share(self) -> str | None:
        """Sales as a share of looks."""
        return rules.percent(self.sales, self.views)


@dataclass(frozen=True, slots=True)
class ItemLine:
    """What one item did in a period."""

    item_id: UUID
    title: str
    views: int
    carts: int
    units: int
    goods_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Coming:
    """Money that is held, and when it is the seller's at the latest; no day before it is on its way."""

    amount_minor: int
    currency: str
    by: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A seller's business in a period, beside the same number of days before it."""

    period: Period
    totals: Totals
    before: Totals
    bars: list[Bar]
    items: list[ItemLine]
    coming: list[Coming]

    @property
    def revenue_change(self) -> int | None:
        return rules.change(
            self.totals.revenue.get(settings.MARKET_CURRENCY, 0),
            self.before.revenue.get(settings.MARKET_CURRENCY, 0),
        )


#: Items that the page lists; the file has all of them.
MOST_ITEMS = 20


def to_do(seller_id: UUID) -> list[ToDo]:
    """What waits for the seller, the most pressing first. Four statements."""
    shipping, now = orders.to_do(seller_id), clock.now()
    found = [
        ToDo(
            *(shipping.to_ship, "order", "to send", "/selling/orders", "package"),
            by=shipping.ship_by,
            is_late=shipping.ship_by is not None and shipping.ship_by < now,
        ),
        ToDo(disputes.to_answer(seller_id), "claim", "to answer", "/claims", "scale"),
        ToDo(offers.to_answer(seller_id), "offer", "to answer", "/offers?side=received", "handshake"),
        ToDo(market.drafts_of(seller_id), "draft", "to finish", "/selling/items", "pencil"),
    ]
    return [each for each in found if each.count]


def dashboard(seller_id: UUID, period: Period) -> Dashboard:
    """A fixed number of statements, whatever was sold."""
    whole = Period(period.before.first, period.last)
    moves = payments.movements(seller_id, whole.start, whole.end)
    looks = {
        row["day"]: row
        for row in ItemDay.objects.filter(seller_id=seller_id, day__range=(whole.first, whole.last))
        .values("day")
        .annotate(views=Sum("views"), carts=Sum("carts"))
        .order_by()
    }

    def totals(of: Period) -> Totals:
        mine = [each for each in moves if of.start <= each.at < of.end]
        revenue: Counter[str] = Counter()
        for each in mine:
            revenue[each.currency] += each.amount_minor
        paid = [each for each in mine if each.amount_minor > 0]
        seen = [looks[day] for day in of.days if day in looks]
        return Totals(
            revenue,
            sales=len({each.reference for each in paid}),
            buyers=len({each.buyer_id for each in paid}),
            views=sum(row["views"] for row in seen),
            carts=sum(row["carts"] for row in seen),
        )

    by_day: Counter[dt.date] = Counter()
    for each in moves:
        if each.currency == settings.MARKET_CURRENCY:
            by_day[each.at.astimezone(dt.UTC).date()] += each.amount_minor
    return Dashboard(
        period,
        totals(period),
        totals(period.before),
        rules.bars(period.days, by_day),
        item_lines(seller_id, period),
        _coming(seller_id),
    )


def item_lines(seller_id: UUID, period: Period) -> list[ItemLine]:
    """What each item of the seller did, the best sold first, then the most looked at. Three statements."""
    days = ItemDay.objects.filter(seller_id=seller_id, day__range=(period.first, period.last))
    looks = {
        row["item_id"]: row
        for row in days.values("item_id").annotate(views=Sum("views"), carts=Sum("carts")).order_by()
    }
    sold = orders.sold_items(seller_id, period.start, period.end)
    titles = market.titles_of(looks) if looks else {}
    lines: dict[tuple[UUID, str], ItemLine] = {}
    for each in sold:
        row = looks.pop(each.item_id, {"views": 0, "carts": 0})
        key = (each.item_id, each.currency)
        before = lines.get(key)
        lines[key] = ItemLine(
            each.item_id,
            before.title if before else each.title,
            row["views"] + (before.views if before else 0),
            row["carts"] + (before.carts if before else 0),
            each.units + (before.units if before else 0),
            each.goods_minor + (before.goods_minor if before else 0),
            each.currency,
        )
    for item_id, row in looks.items():
        title = titles.get(item_id) or "An item that is gone"
        currency = settings.MARKET_CURRENCY
        lines[item_id, currency] = ItemLine(item_id, title, row["views"], row["carts"], 0, 0, currency)
    return sorted(lines.values(), key=lambda line: (-line.goods_minor, -line.views, line.title))


def _coming(seller_id: UUID) -> list[Coming]:
    """What is held for the seller, the soonest first. Two statements."""
    held = money.held_for(seller_id)
    times = orders.released_by([each.reference for each in held]) if held else {}
    found = [
        Coming(each.amount_minor - each.fee_minor, each.currency, times.get(each.reference)) for each in held
    ]
    last = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda each: each.by or last)
