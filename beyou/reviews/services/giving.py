"""What members write: a rating, a reply to one."""

from uuid import UUID

from django.db.models import Q

from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.core.events import publish
from beyou.core.transactions import retried
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.orders import services as orders
from beyou.orders.queries import Trade, trade_of
from beyou.reviews import rules
from beyou.reviews.errors import AlreadyReplied, BadRating, NotDelivered, RatingClosed, StarsStand
from beyou.reviews.events import RatingReported
from beyou.reviews.models import Exchange, Rating, Unreminded
from beyou.reviews.rules import May, Side
from beyou.reviews.services.recording import record_rating
from beyou.reviews.services.showing import exchange_of, show


@retried
def rate(*, member_id: UUID, number: str, stars: int, text: str = "") -> Rating:
    """The member's rating of the other side says this; once both have rated, both may read. Sent again it is
    changed, and says so; the same sent again changes nothing. A block between the two hinders nobody, since
    otherwise it would silence whoever was treated badly.

    Raises `NotFound`, `NotDelivered`, `BadRating`, `RatingClosed` and `StarsStand`.
    """
    text = _checked(stars, text)
    trade = orders.hold_trade(trade_of(member_id, number).part_id)
    if trade.delivered_at is None:
        raise NotDelivered("You can rate once it has arrived and nothing is open about it.")
    exchange = exchange_of(trade)
    side = side_of(member_id, trade)
    found = Rating.objects.filter(exchange=exchange, side=side).first()
    if found is not None and (found.stars, found.text) == (stars, text):
        return found
    allowed = rules.may(
        now=clock.now(),
        closes_at=exchange.closes_at,
        is_shown=exchange.shown_at is not None,
        rated_at=found.created_at if found else None,
    )
    if allowed is May.NOTHING:
        raise RatingClosed(_over(found))
    return _change(found, stars, text, allowed) if found else _give(trade, exchange, side, stars, text)


def _checked(stars: int, text: str) -> str:
    """The text as it is stored. Raises `BadRating`."""
    if stars not in rules.STARS:
        raise BadRating("Choose one to five stars.")
    text = rules.cleaned(text)
    if len(text) > rules.MOST_TEXT:
        raise BadRating(f"Write at most {rules.MOST_TEXT:,} characters; these are {len(text):,}.")
    return text


def side_of(member_id: UUID, trade: Trade) -> Side:
    return Side.BUYER if member_id == trade.buyer_id else Side.SELLER


def _over(found: Rating | None) -> str:
    if found is None:
        return "Both sides could rate for 14 days after the delivery. Nothing was saved."
    return "A rating can be changed for two days. Yours stays as it is."


def _give(trade: Trade, exchange: Exchange, side: Side, stars: int, text: str) -> Rating:
    sides = {Side.BUYER: trade.buyer_id, Side.SELLER: trade.seller_id}
    made = Rating.objects.create(
        exchange=exchange,
        side=side,
        author_id=sides[side],
        subject_id=sides[side.other],
        stars=stars,
        text=text,
    )
    if Rating.objects.filter(exchange=exchange, side=side.other).exists():
        show(trade, exchange)
        made.refresh_from_db()
    return made


def _change(found: Rating, stars: int, text: str, allowed: May) -> Rating:
    if stars != found.stars and allowed is not May.CHANGE:
        raise StarsStand("The other side has read your rating, so its stars stay. You can change the words.")
    found.stars, found.text, found.edited_at = stars, text, clock.now()
    found.save(update_fields=["stars", "text", "edited_at"])
    if found.is_shown:
        record_rating(found)
    return found


@retried
def reply(*, member_id: UUID, rating_id: UUID, text: str) -> None:
    """Below the rating stands what its subject says to it, once and for all.

    Raises `NotFound` unless the member may read it and it is about the member, `BadRating`,
    `AlreadyReplied`.
    """
    text = rules.cleaned(text)
    if not text or len(text) > rules.MOST_REPLY:
        raise BadRating(f"Write a reply of at most {rules.MOST_REPLY:,} characters.")
    own = Rating.objects.filter(id=rating_id, subject_id=member_id).exclude(number=None)
    found = own.first()
    if found is None:
        raise NotFound
    if found.reply == text:
        return
    # Of two replies at once one is written.
    if not own.filter(replied_at=None).update(reply=text, replied_at=clock.now()):
        raise AlreadyReplied("There is one reply to a rating, and yours is there already.")
    notify(
        member_id=found.author_id,
        kind=Kind.RATING_REPLY,
        actor_id=member_id,
        target=f"/ratings/of/{found.pk}",
    )


@retried
def report(*, member_id: UUID, rating_id: UUID, reason: str) -> None:
    """Whoever decides about reports learns of it. The caller knows that the member may read the rating."""
    publish(RatingReported(rating_id, member_id, reason[:200]))


def set_reminders(*, member_id: UUID, wanted: bool) -> None:
    """The member is reminded to rate, once for each order, or never."""
    if wanted:
        Unreminded.objects.filter(member_id=member_id).delete()
    else:
        Unreminded.objects.get_or_create(member_id=member_id)


@retried
def erase_words(*, member_id: UUID) -> None:
    """No words are left of what the member wrote, nor of what others wrote about the member or in reply to
    it, which may name the member; that both rated, and how, stays.
    """
    Rating.objects.filter(Q(author_id=member_id) | Q(subject_id=member_id)).update(text="", reply="")
