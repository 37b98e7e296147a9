"""Ratings as the API writes them."""

import datetime as dt
from typing import Any

from beyou.reviews.models import Rating
from beyou.reviews.queries import Exchanged, Review, Seller
from beyou.reviews.rules import Totals


def _ms(moment: dt.datetime | None) -> int | None:
    return round(moment.timestamp() * 1000) if moment else None


def shown_totals(totals: Totals) -> dict[str, Any]:
    """Exact numbers: whoever wants an average divides `stars` by `count`."""
    return {"count": totals.count, "stars": totals.total, "by_stars": list(totals.by_stars)}


def shown_seller(seller: Seller) -> dict[str, Any]:
    member = seller.member
    return {
        "id": str(member.pk),
        "handle": member.handle,
        "name": member.name,
        "is_verified": member.is_verified,
        "member_since_ms": _ms(member.date_joined),
        "as_seller": shown_totals(seller.as_seller),
        "as_buyer": shown_totals(seller.as_buyer),
        "delivered": seller.sold,
        "sends": seller.pace or None,
        "items": [str(card.item.id) for card in seller.items],
    }


def shown_review(review: Review) -> dict[str, Any]:
    """A rating as its reader sees it; without an author there are no words either."""
    author, rating = review.author, review.rating
    return {
        "id": str(rating.pk),
        "number": rating.number,
        "stars": rating.stars,
        "text": review.text,
        "author": {"id": str(author.pk), "handle": author.handle, "name": author.name} if author else None,
        "is_author_deleted": review.is_erased,
        "is_own": review.is_own,
        "shown_ms": _ms(rating.shown_at),
        "edited_ms": _ms(rating.edited_at),
        "reply": rating.reply or None,
        "replied_ms": _ms(rating.replied_at),
    }


def shown_exchange(found: Exchanged) -> dict[str, Any]:
    return {
        "number": found.trade.number,
        "i_am": "buyer" if found.is_buyer else "seller",
        "may": found.may.value,
        "closes_ms": _ms(found.closes_at),
        "is_shown": found.is_shown,
        "mine": _own(found.mine) if found.mine else None,
        "theirs": shown_review(found.theirs) if found.theirs else None,
        "wants_reminders": found.wants_reminders,
    }


def _own(rating: Rating) -> dict[str, Any]:
    return {
        "id": str(rating.pk),
        "number": rating.number,
        "stars": rating.stars,
        "text": rating.text,
        "created_ms": _ms(rating.created_at),
        "edited_ms": _ms(rating.edited_at),
        "reply": rating.reply or None,
        "replied_ms": _ms(rating.replied_at),
    }
