"""Reading ratings, and what else speaks for a seller."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from beyou.blocks.queries import visible_to
from beyou.core import clock
from beyou.core.bulk import Lookup
from beyou.core.errors import NotFound
from beyou.core.ports.reputation import Duty, Standing
from beyou.friends.queries import profile_for
from beyou.marketplace.queries.browse import offered_by
from beyou.marketplace.queries.cards import Card
from beyou.orders.queries import Trade, sold_by, spans_to_ship, trade_of
from beyou.reviews import rules
from beyou.reviews.models import Exchange, Rating, Tally, Unreminded
from beyou.reviews.rules import May, Side, Totals
from beyou.users.queries import listed_members, members_by_id

if TYPE_CHECKING:
    from beyou.users.models import User

PAGE = 20


_TALLIES = Lookup(
    lambda ids: (
        Tally.objects.filter(member_id__in=ids, side=Side.BUYER)
        .order_by()
        .values_list("member_id", "ones", "twos", "threes", "fours", "fives")
    )
)


class Reputation:
    """What the apps below may ask (`core.ports.reputation`)."""

    def standings(self, member_ids: Collection[UUID]) -> dict[UUID, Standing]:
        totals = {row[0]: Totals((row[1], row[2], row[3], row[4], row[5])) for row in _TALLIES(member_ids)}
        return {each: Standing(found.count, found.total) for each, found in totals.items() if found.count}

    def duties(self, member_id: UUID, part_ids: Collection[UUID]) -> dict[UUID, Duty]:
        exchanges = {row.part_id: row for row in Exchange.objects.filter(part_id__in=part_ids)}
        given = {
            row.exchange_id: row
            for row in Rating.objects.filter(exchange_id__in=part_ids, author_id=member_id)
        }
        return {part_id: _duty(row, given.get(part_id)) for part_id, row in exchanges.items()}


def _duty(exchange: Exchange, given: Rating | None) -> Duty:
    step = _may(exchange, given)
    if step is May.RATE:
        return Duty(f"Say how it went until {exchange.closes_at:%-d %B}.", is_open=True)
    if given is None:
        return Duty("You did not rate this.", is_open=False)
    if given.is_shown:
        return Duty(f"You gave {_stars(given.stars)}.", is_open=False)
    return Duty(f"You gave {_stars(given.stars)}. Nobody else sees it yet.", is_open=False)


def _stars(number: int) -> str:
    return "1 star" if number == 1 else f"{number} stars"


def _may(exchange: Exchange, given: Rating | None) -> May:
    return rules.may(
        now=clock.now(),
        closes_at=exchange.closes_at,
        is_shown=exchange.shown_at is not None,
        rated_at=given.created_at if given else None,
    )


@dataclass(frozen=True, slots=True)
class Review:
    """A rating as somebody sees it. `author` is None, and the words are empty, where the reader may not see
    who wrote it; the stars stay, so that they add up for everybody.
    """

    rating: Rating
    author: "User | None"
    is_erased: bool
    is_own: bool

    @property
    def text(self) -> str:
        return self.rating.text if self.author is not None else ""

    @property
    def name(self) -> str:
        if self.author is not None:
            return self.author.name
        return "Deleted member" if self.is_erased else "A member"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What one side sees of the ratings of a part of an order. `theirs` is empty until both may read."""

    trade: Trade
    other: "User"
    is_buyer: bool
    may: May
    closes_at: dt.datetime
    is_shown: bool
    mine: Rating | None
    theirs: Review | None
    wants_reminders: bool

    @property
    def may_reply(self) -> bool:
        return self.theirs is not None and self.theirs.rating.replied_at is None


def exchange_for(member_id: UUID, number: str) -> Exchanged:
    """The one door to the ratings of a part of an order: for its two sides, once it is delivered. Raises
    `NotFound` in every other case.
    """
    trade = trade_of(member_id, number)
    exchange = Exchange.objects.filter(part_id=trade.part_id).first()
    if exchange is None and trade.delivered_at is not None:
        # The event that opens it is on its way.
        closes_at = rules.closes(trade.delivered_at)
        exchange = Exchange(part_id=trade.part_id, closes_at=closes_at, reminds_at=rules.reminds(closes_at))
    if exchange is None:
        raise NotFound
    ratings = list(Rating.objects.filter(exchange_id=trade.part_id))
    mine = next((row for row in ratings if row.author_id == member_id), None)
    theirs = next((row for row in ratings if row.subject_id == member_id and row.is_shown), None)
    is_buyer = member_id == trade.buyer_id
    other_id = trade.seller_id if is_buyer else trade.buyer_id
    return Exchanged(
        trade=trade,
        other=members_by_id([other_id])[other_id],
        is_buyer=is_buyer,
        may=_may(exchange, mine),
        closes_at=exchange.closes_at,
        is_shown=exchange.shown_at is not None,
        mine=mine,
        theirs=reviews(member_id, [theirs])[0] if theirs else None,
        wants_reminders=not Unreminded.objects.filter(member_id=member_id).exists(),
    )


def reviews(member_id: UUID, rows: Iterable[Rating]) -> list[Review]:
    """The ratings as the member sees them. Two statements for any number."""
    ratings = list(rows)
    authors = {row.author_id for row in ratings}
    seen = visible_to(member_id, listed_members()).filter(id__in=authors).in_bulk() if authors else {}
    hidden = members_by_id(authors - set(seen)) if authors - set(seen) else {}
    return [
        Review(
            rating=row,
            author=seen.get(row.author_id),
            is_erased=row.author_id in hidden and hidden[row.author_id].is_erased,
            is_own=row.author_id == member_id,
        )
        for row in ratings
    ]


@dataclass(frozen=True, slots=True)
class History:
    """Ratings of a member, the newest first; `next` is the number to continue below."""

    items: list[Review]
    next: int | None


def history(
    member_id: UUID, subject_id: UUID, side: Side, *, before: int | None = None, limit: int = PAGE
) -> History:
    """What that side wrote about the subject, as the member sees it. Three statements for any number.

    The caller knows that the member may see the subject.
    """
    rows = Rating.objects.filter(subject_id=subject_id, side=side).exclude(number=None).order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    found = list(rows[: limit + 1])
    last = found[limit - 1].number if len(found) > limit else None
    return History(reviews(member_id, found[:limit]), last)


@dataclass(frozen=True, slots=True)
class Seller:
    """What speaks for a member who sells."""

    member: "User"
    is_self: bool
    as_seller: Totals
    as_buyer: Totals
    sold: int
    pace: str
    items: list[Card]

    def totals(self, side: Side) -> Totals:
        """What that side gave."""
        return self.as_seller if side is Side.BUYER else self.as_buyer


def rated_member(member_id: UUID, handle: str) -> "User":
    """A member whose ratings the reader may see. Raises `NotFound` as a seller's page does."""
    return profile_for(member_id, handle).member


def seller_for(member_id: UUID, handle: str) -> Seller:
    """The one door to a seller's page. Raises `NotFound` in the same way for who is missing, suspended,
    erased or blocked. A fixed number of statements.
    """
    member = rated_member(member_id, handle)
    tallies = {row.side: row.totals for row in Tally.objects.filter(member=member)}
    return Seller(
        member=member,
        is_self=member.pk == member_id,
        as_seller=tallies.get(Side.BUYER.value, Totals()),
        as_buyer=tallies.get(Side.SELLER.value, Totals()),
        sold=sold_by(member.pk),
        pace=rules.pace(rules.median_hours(spans_to_ship(member.pk))),
        items=offered_by(member_id, member.pk),
    )


def recounted(subject_id: UUID, side: Side) -> Totals:
    """The totals as the ratings themselves say: what the running ones must be."""
    totals = Totals()
    rows = Rating.objects.filter(subject_id=subject_id, side=side).exclude(number=None)
    for stars in rows.values_list("stars", flat=True):
        totals = totals.plus(stars)
    return totals


def rating_for(member_id: UUID, rating_id: UUID) -> Rating:
    """A rating that can be read, by whoever may see its subject or took part. Raises `NotFound`."""
    rows = Rating.objects.filter(id=rating_id).exclude(number=None)
    taking_part = Q(author_id=member_id) | Q(subject_id=member_id)
    seen = Q(subject__in=visible_to(member_id, listed_members()).values("id"))
    found = rows.filter(taking_part | seen).select_related("exchange__part").first()
    if found is None:
        raise NotFound
    return found


def number_of(rating: Rating) -> str:
    """The number of the part of the order that was rated."""
    return rating.exchange.part.number
