"""Counting what the other apps tell into figures by day."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum

from beyou.analytics.models import DayFigure, ItemDay
from beyou.analytics.rules import Period, start_of
from beyou.core import clock
from beyou.disputes import figures as disputes
from beyou.ledger import figures as ledger
from beyou.messaging import figures as messaging
from beyou.orders import figures as orders
from beyou.payments import figures as payments
from beyou.users import figures as users
from beyou.verification import figures as verification

#: Days that are counted again with each run: what happened late on them has been written since.
AGAIN = 3
#: How many weeks of a cohort are followed.
WEEKS = 12
#: Figures that are counted once, when the time that they tell of is over.
FOLLOWED = ("followed", "members.week_over", "members.activated", "members.kept")

Counts = Mapping[tuple[str, str], int]


def roll_up() -> int:
    """Every day from the last counted one until now is counted; the last ones again. Returns how many days.

    Counting a day twice gives the same figures, so a run that dies is only repeated.
    """
    today = clock.now().date()
    last = DayFigure.objects.order_by("-day").values_list("day", flat=True).first()
    day = last - dt.timedelta(days=AGAIN - 1) if last else users.first_day()
    if day is None:
        return 0
    days = Period(min(day, today), today).days
    for each in days:
        count(each)
    return len(days)


def count(day: dt.date) -> None:
    """The day's figures are what the other apps hold of it now. What those did who joined earlier is counted
    with the day that ends their week, once.
    """
    _store(day, _counted(day))
    if not DayFigure.objects.filter(day=day, name="followed").exists():
        follow(day)


@transaction.atomic
def follow(day: dt.date) -> None:
    """Who joined a week before the day, and what they did; on a Monday, also who came back in the week before
    it of those who joined in the twelve weeks up to it.
    """
    found: list[tuple[dt.date, Counts]] = [
        (day, {("followed", ""): 1, **_first_week(day - dt.timedelta(days=7))})
    ]
    if day.weekday() == 0:
        found += _kept(day - dt.timedelta(days=7))
    DayFigure.objects.bulk_create(
        (
            DayFigure(day=each, name=name, key=key, value=value)
            for each, counts in found
            for (name, key), value in counts.items()
        ),
        update_conflicts=True,
        unique_fields=None if connection.vendor == "mysql" else ["name", "day", "key"],
        update_fields=["value"],
    )


@transaction.atomic
def _store(day: dt.date, counts: Counts) -> None:
    DayFigure.objects.filter(day=day).exclude(name__in=FOLLOWED).delete()
    DayFigure.objects.bulk_create(
        DayFigure(day=day, name=name, key=key, value=value) for (name, key), value in counts.items() if value
    )


def _counted(day: dt.date) -> Counts:
    period = Period(day, day)
    start, end = period.start, period.end
    written = _messages(start, end)
    active = users.signed_in(start, end) | written.people | orders.bought_by(start, end)
    return {
        # Says that the day was counted, however little happened on it.
        ("counted", ""): 1,
        **_sign_ins(start, end),
        ("members.joined", ""): len(users.joined(start, end)),
        ("members.active", ""): len(active),
        **written.counts,
        **_chain(start, end),
        **_market(day, start, end),
        **_moderation(start, end),
    }


def _sign_ins(start: dt.datetime, end: dt.datetime) -> Counts:
    outcomes = users.sign_ins(start, end)
    decoys = outcomes.pop("decoy", 0)
    return {
        ("sign_in.tries", ""): sum(outcomes.values()),
        ("sign_in.success", ""): outcomes.get("success", 0),
        ("sign_in.limited", ""): outcomes.get("limited", 0),
        ("sign_in.people", ""): len(users.signed_in(start, end)),
        ("sign_in.decoy", ""): decoys,
        **{("sign_in.outcome", outcome): number for outcome, number in outcomes.items()},
    }


class _Written:
    """Messages of a span: their counts, and who wrote them."""

    def __init__(self, found: Iterable[messaging.Sent]) -> None:
        self.people: set[UUID] = set()
        places: set[UUID] = set()
        sealed = number = 0
        for each in found:
            number += 1
            sealed += each.is_end_to_end
            self.people.add(each.sender_id)
            places.add(each.conversation_id)
        self.counts: Counts = {
            ("messages.sent", ""): number,
            ("messages.end_to_end", ""): sealed,
            ("messages.writers", ""): len(self.people),
            ("messages.conversations", ""): len(places),
        }


def _messages(start: dt.datetime, end: dt.datetime) -> _Written:
    pieces = ledger.messages_sealed(*_ms(start, end))
    return _Written(each for piece in pieces for each in messaging.sent(piece))


def _active(start: dt.datetime, end: dt.datetime) -> set[UUID]:
    people = users.signed_in(start, end) | orders.bought_by(start, end)
    return people | _messages(start, end).people


def _first_week(day: dt.date) -> Counts:
    """What those who joined on that day did in their first week."""
    joined = users.joined(start_of(day), start_of(day + dt.timedelta(days=1)))
    if not joined:
        return {}
    start, end = start_of(day), start_of(day + dt.timedelta(days=7))
    did = orders.bought_by(start, end) | _messages(start, end).people
    return {("members.week_over", ""): len(joined), ("members.activated", ""): len(joined & did)}


def _kept(monday: dt.date) -> list[tuple[dt.date, Counts]]:
    """Of those who joined in that week and in the ones before it: how many were active in that week."""
    active = _active(start_of(monday), start_of(monday + dt.timedelta(days=7)))
    found: list[tuple[dt.date, Counts]] = []
    for week in range(WEEKS):
        first = monday - dt.timedelta(days=7 * week)
        joined = users.joined(start_of(first), start_of(first + dt.timedelta(days=7)))
        if joined:
            counts = {("members.kept", f"{week:02d}"): len(joined & active)}
            if week == 0:
                counts[("members.kept", "joined")] = len(joined)
            found.append((first, counts))
    return found


def _chain(start: dt.datetime, end: dt.datetime) -> Counts:
    sealed, checked = ledger.sealed(*_ms(start, end)), ledger.checked(*_ms(start, end))
    return {
        ("chain.entries", ""): sealed.entries,
        ("chain.blocks", ""): sealed.blocks,
        ("chain.attempts", ""): sealed.attempts,
        ("chain.mining_ms", ""): sealed.mining_us // 1000,
        ("chain.sealing_ms", ""): sealed.sealing_us // 1000,
        ("chain.runs", ""): checked.runs,
        ("chain.clean", ""): checked.runs - checked.with_findings,
        ("chain.alarms", ""): checked.alarms,
    }


def _market(day: dt.date, start: dt.datetime, end: dt.datetime) -> Counts:
    looks = ItemDay.objects.filter(day=day).aggregate(views=Sum("views"), carts=Sum("carts"))
    begun, tried = orders.begun(start, end), payments.tried(start, end)
    revenue = Counter(payments.taken(start, end))
    revenue.subtract(payments.given_back(start, end))
    return {
        ("market.views", ""): looks["views"] or 0,
        ("market.carts", ""): looks["carts"] or 0,
        ("market.begun", ""): begun.count,
        ("market.paid", ""): begun.paid,
        ("market.left", ""): begun.left,
        ("payments.settled", ""): tried.settled,
        ("payments.tried", ""): tried.settled + tried.failed,
        **_spans("payments.seconds", tried.spans),
        **{("market.revenue", currency): total for currency, total in revenue.items()},
    }


def _moderation(start: dt.datetime, end: dt.datetime) -> Counts:
    decided, settled = verification.decided(start, end), disputes.settled(start, end)
    return {
        ("verification.asked", ""): verification.asked(start, end),
        ("verification.decided", ""): decided.approved + decided.rejected + decided.returned,
        ("verification.approved", ""): decided.approved,
        ("verification.reversed", ""): decided.reversed,
        **_spans("verification.seconds", decided.waits),
        ("claims.opened", ""): disputes.opened(start, end),
        ("claims.ended", ""): len(settled.spans),
        ("claims.by_staff", ""): settled.by_staff,
        **_spans("claims.seconds", settled.spans),
    }


def _spans(name: str, spans: Iterable[dt.timedelta]) -> Counts:
    """How often each time occurred, to the second, so that medians of any period are exact."""
    seconds = Counter(round(span.total_seconds()) for span in spans)
    return {(name, f"{second:010d}"): number for second, number in seconds.items()}


def _ms(start: dt.datetime, end: dt.datetime) -> tuple[int, int]:
    return int(start.timestamp() * 1000), int(end.timestamp() * 1000)
