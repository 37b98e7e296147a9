"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from beyou.core import personal
from beyou.core.personal import Fate, File, declare, json_file
from beyou.reviews.models import Rating, Tally, Unreminded

RATINGS = "market/ratings.json"

declare(
    *("reviews.Rating", "author", "subject"),
    what="How you rated others and others rated you after orders",
    fate=Fate.EMPTIED,
    why="That a trade was rated, and with how many stars, stays, so that everybody's averages stay true. All"
    " words are erased, yours and those about you.",
    copied=RATINGS,
)
declare(
    *("reviews.Tally", "member"),
    what="How often you were rated with how many stars",
    fate=Fate.KEPT,
    why="It counts ratings that stay.",
    copied=RATINGS,
)
declare(
    *("reviews.Exchange", "part__seller", "part__order__buyer"),
    what="Until when your orders could be rated",
    fate=Fate.KEPT,
    why="It belongs to the record of a purchase, which both sides keep.",
    not_copied="It holds nothing but times that follow from those of your orders.",
)
declare("reviews.Unreminded", "member", what="That you want no reminders to rate", copied=RATINGS)


@personal.part("ratings")
def ratings(member_id: UUID) -> Iterator[File]:
    """What the member wrote, and what can be read about the member."""
    given = Rating.objects.filter(author_id=member_id).order_by("id")
    received = Rating.objects.filter(subject_id=member_id).exclude(number=None).order_by("id")
    yield json_file(
        RATINGS,
        {
            "given": [_rating(row) for row in given.select_related("exchange__part")],
            "received": [_rating(row) for row in received.select_related("exchange__part")],
            "totals": [
                {"rated_by": row.side, "by_stars": row.totals.by_stars}
                for row in Tally.objects.filter(member_id=member_id).order_by("side")
            ],
            "wants_reminders": not Unreminded.objects.filter(member_id=member_id).exists(),
        },
    )


def _rating(row: Rating) -> dict[str, Any]:
    return {
        "order": row.exchange.part.number,
        "by": row.side,
        "stars": row.stars,
        "text": row.text,
        "given": row.created_at,
        "edited": row.edited_at,
        "readable_since": row.shown_at,
        "reply": row.reply,
        "replied": row.replied_at,
    }
