"""Until when an exchange of ratings is open, and what follows its end."""

from collections.abc import Callable, Iterable
from uuid import UUID

from beyou.core import clock
from beyou.core.events import publish
from beyou.core.transactions import retried
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.orders import services as orders
from beyou.orders.queries import Trade
from beyou.reviews import rules
from beyou.reviews.events import RatingsShown
from beyou.reviews.models import Exchange, Rating, Tally, Unreminded
from beyou.reviews.rules import Side
from beyou.reviews.services.recording import record_rating

_COLUMNS = {1: "ones", 2: "twos", 3: "threes", 4: "fours", 5: "fives"}


@retried
def open_exchange(*, part_id: UUID) -> None:
    """Both sides may rate if the part is delivered; a repeat changes nothing."""
    trade = orders.hold_trade(part_id)
    if trade.delivered_at is not None:
        exchange_of(trade)


def exchange_of(trade: Trade) -> Exchange:
    """The exchange of a delivered part that the caller holds."""
    assert trade.delivered_at is not None
    closes_at = rules.closes(trade.delivered_at)
    dates = {"closes_at": closes_at, "reminds_at": rules.reminds(closes_at)}
    found, _ = Exchange.objects.get_or_create(part_id=trade.part_id, defaults=dates)
    return found


def show_due(limit: int = 100) -> int:
    """What waited for the end of its time can be read. Returns how many exchanges were due."""
    rows = Exchange.objects.filter(shown_at=None, closes_at__lte=clock.now()).order_by("closes_at")
    return _each(rows.values_list("part_id", flat=True)[:limit], _show_if_due)


@retried
def _show_if_due(part_id: UUID) -> None:
    trade = orders.hold_trade(part_id)
    exchange = Exchange.objects.get(part_id=part_id)
    if exchange.shown_at is None and exchange.closes_at <= clock.now():
        show(trade, exchange)


def show(trade: Trade, exchange: Exchange) -> None:
    """Both may read what was written, and it counts. The caller holds the part and knows that it is time."""
    exchange.shown_at = clock.now()
    exchange.save(update_fields=["shown_at"])
    ratings = list(Rating.objects.filter(exchange=exchange))
    tallies = _locked_tallies(ratings)
    for rating in ratings:
        tally = tallies[rating.subject_id]
        rating.number, rating.shown_at = tally.totals.count + 1, exchange.shown_at
        rating.save(update_fields=["number", "shown_at"])
        column = _COLUMNS[rating.stars]
        setattr(tally, column, getattr(tally, column) + 1)
        tally.save(update_fields=[column])
        record_rating(rating)
        notify(
            member_id=rating.subject_id,
            kind=Kind.RATED,
            actor_id=rating.author_id,
            target=f"/ratings/{trade.number}",
        )
    publish(RatingsShown(trade.part_id))


def _locked_tallies(ratings: Iterable[Rating]) -> dict[UUID, Tally]:
    """The tallies that these ratings change, by member; in the order of their keys, so that two exchanges of
    the same members never wait for each other.
    """
    found: dict[UUID, Tally] = {}
    for subject_id, side in sorted((rating.subject_id, rating.side) for rating in ratings):
        Tally.objects.get_or_create(member_id=subject_id, side=side)
        found[subject_id] = Tally.objects.select_for_update().get(member_id=subject_id, side=side)
    return found


def remind_due(limit: int = 100) -> int:
    """Whoever has not rated and wants to be reminded is, once. Returns how many exchanges were due."""
    rows = Exchange.objects.filter(is_reminded=False, reminds_at__lte=clock.now()).order_by("reminds_at")
    return _each(rows.values_list("part_id", flat=True)[:limit], _remind_if_due)


@retried
def _remind_if_due(part_id: UUID) -> None:
    trade = orders.hold_trade(part_id)
    # Of several processes one changes the row.
    if not Exchange.objects.filter(part_id=part_id, is_reminded=False).update(is_reminded=True):
        return
    exchange = Exchange.objects.get(part_id=part_id)
    if exchange.shown_at is not None or exchange.closes_at <= clock.now():
        return
    sides = {Side.BUYER: trade.buyer_id, Side.SELLER: trade.seller_id}
    rated = set(Rating.objects.filter(exchange=exchange).values_list("side", flat=True))
    quiet = set(
        Unreminded.objects.filter(member_id__in=list(sides.values())).values_list("member_id", flat=True)
    )
    for side, member_id in sides.items():
        if side.value not in rated and member_id not in quiet:
            notify(member_id=member_id, kind=Kind.RATE_REMINDER, target=f"/ratings/{trade.number}")


def _each(ids: Iterable[UUID], step: Callable[[UUID], None]) -> int:
    found: list[UUID] = list(ids)
    for part_id in found:
        step(part_id)
    return len(found)
