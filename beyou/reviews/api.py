"""The API of ratings: what speaks for a seller, rating a trade, replying."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictBool, StrictInt, StrictStr

from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.marketplace.http import browsing_member
from beyou.reviews import queries, services, wire
from beyou.reviews.rules import MOST_REPLY, MOST_TEXT, Side
from beyou.users.http import member_id_of

router = Router(tags=["ratings"])


class HistoryQuery(Input):
    """`rated_by` is the side that wrote the ratings; buyers rate the member as a seller."""

    rated_by: Side = Side.BUYER
    cursor: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


class RatingIn(Input):
    stars: Annotated[StrictInt, Field(ge=1, le=5)]
    text: Annotated[StrictStr, Field(max_length=4 * MOST_TEXT)] = ""


class ReplyIn(Input):
    text: Annotated[StrictStr, Field(min_length=1, max_length=4 * MOST_REPLY)]


class RemindersIn(Input):
    wanted: StrictBool


@router.get("/market/sellers/{slug:handle}")
@browsing_member
def get_seller(request: HttpRequest, handle: str) -> HttpResponse:
    """What speaks for a seller: ratings by stars, what was delivered, how fast it was sent."""
    return json_response(wire.shown_seller(queries.seller_for(member_id_of(request), handle)))


@router.get("/market/sellers/{slug:handle}/ratings")
@browsing_member
def list_ratings(request: HttpRequest, handle: str, query: Query[HistoryQuery]) -> HttpResponse:
    """What can be read about a member, the newest first."""
    member = queries.rated_member(member_id_of(request), handle)
    page = queries.history(
        member_id_of(request), member.pk, query.rated_by, before=query.cursor, limit=query.limit
    )
    return json_response(
        {
            "items": [wire.shown_review(each) for each in page.items],
            "next": str(page.next) if page.next else None,
        }
    )


@router.get("/orders/parts/{slug:number}/ratings")
def get_exchange(request: HttpRequest, number: str) -> HttpResponse:
    """My rating of the other side, and, once both may read, the other side's of me."""
    return json_response(wire.shown_exchange(queries.exchange_for(member_id_of(request), number)))


@router.put("/orders/parts/{slug:number}/ratings")
def put_rating(request: HttpRequest, number: str, body: RatingIn) -> HttpResponse:
    """I rate the other side, or change my rating while that is possible."""
    services.rate(member_id=member_id_of(request), number=number, stars=body.stars, text=body.text)
    return json_response(wire.shown_exchange(queries.exchange_for(member_id_of(request), number)))


@router.post("/ratings/{uuid:rating_id}/reply")
def reply_to_rating(request: HttpRequest, rating_id: UUID, body: ReplyIn) -> HttpResponse:
    """I say something to a rating of me, once."""
    services.reply(member_id=member_id_of(request), rating_id=rating_id, text=body.text)
    return HttpResponse(status=204)


@router.put("/ratings/reminders")
def set_reminders(request: HttpRequest, body: RemindersIn) -> HttpResponse:
    """Whether I want to be reminded to rate, once for each order."""
    services.set_reminders(member_id=member_id_of(request), wanted=body.wanted)
    return HttpResponse(status=204)
