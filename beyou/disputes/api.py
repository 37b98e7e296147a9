"""The API of claims. Amounts are in the smallest unit of their currency."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Query, Router
from ninja.files import UploadedFile
from pydantic import Field, StrictInt, StrictStr

from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.disputes import queries, services, wire
from beyou.disputes.rules import MOST_MESSAGES, TEXT_LENGTH, Reason
from beyou.messaging.quoting import opening_of
from beyou.users.http import member_id_of

router = Router(tags=["claims"])

_Text = Annotated[StrictStr, Field(max_length=TEXT_LENGTH)]
_Amount = Annotated[StrictInt, Field(ge=0, le=10**12)]
_Base64 = Annotated[StrictStr, Field(max_length=200_000)]


class PageQuery(Input):
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


class ClaimIn(Input):
    reason: Reason
    text: Annotated[StrictStr, Field(min_length=1, max_length=TEXT_LENGTH)]


class SayIn(Input):
    text: Annotated[StrictStr, Field(min_length=1, max_length=TEXT_LENGTH)]


class WordsIn(Input):
    text: _Text = ""


class RefundOfferIn(Input):
    amount_minor: _Amount
    text: _Text = ""


class AgreeIn(Input):
    """`offer_minor` is the offer that the buyer saw."""

    offer_minor: _Amount


class MessageIn(Input):
    """An end-to-end message comes with its opening: the padded payload and the key of its commitment."""

    id: UUID
    payload: _Base64 = ""
    frank_key: Annotated[StrictStr, Field(max_length=64)] = ""


class MessagesIn(Input):
    messages: Annotated[list[MessageIn], Field(min_length=1, max_length=MOST_MESSAGES)]


def _claim(request: HttpRequest, claim_id: UUID, status: int = 200) -> HttpResponse:
    claim = queries.claim_for(member_id_of(request), claim_id)
    lines = [wire.shown_line(line) for line in queries.history(claim)]
    return json_response(wire.shown_claim(claim, member_id_of(request)) | {"history": lines}, status=status)


@router.get("/claims")
def list_claims(request: HttpRequest, query: Query[PageQuery]) -> HttpResponse:
    """Claims in which I am a side, the newest first."""
    me = member_id_of(request)
    page = queries.claims_of(me, before=query.cursor, limit=query.limit)
    items = [wire.shown_claim(claim, me) for claim in page.items]
    return json_response({"items": items, "next": str(page.next) if page.next else None})


@router.get("/claims/{uuid:claim_id}")
def get_claim(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    """One claim with its history; `steps` says what I may do now."""
    return _claim(request, claim_id)


@router.post("/orders/parts/{slug:number}/claim")
def make_claim(request: HttpRequest, number: str, body: ClaimIn) -> HttpResponse:
    """I report a problem with what I bought; the money is frozen until it is settled."""
    made = services.claim(buyer_id=member_id_of(request), number=number, reason=body.reason, text=body.text)
    return _claim(request, made.pk, 201)


@router.post("/claims/{uuid:claim_id}/say")
def add_words(request: HttpRequest, claim_id: UUID, body: SayIn) -> HttpResponse:
    """Adds something while the claim is open."""
    services.say(member_id=member_id_of(request), claim_id=claim_id, text=body.text)
    return _claim(request, claim_id)


@router.post("/claims/{uuid:claim_id}/pictures")
def add_claim_picture(
    request: HttpRequest, claim_id: UUID, picture: File[UploadedFile | None] = None
) -> HttpResponse:
    """Shows one picture, as a form with one file."""
    data = picture.read() if picture else b""
    services.say(member_id=member_id_of(request), claim_id=claim_id, text="", pictures=[data])
    return _claim(request, claim_id)


@router.post("/claims/{uuid:claim_id}/messages")
def add_messages(request: HttpRequest, claim_id: UUID, body: MessagesIn) -> HttpResponse:
    """Shows messages of the conversation with the other side."""
    queries.claim_for(member_id_of(request), claim_id)
    openings = {each.id: opening_of(each.payload, each.frank_key) for each in body.messages if each.payload}
    services.quote(
        member_id=member_id_of(request),
        claim_id=claim_id,
        message_ids=[each.id for each in body.messages],
        openings=openings,
    )
    return _claim(request, claim_id)


@router.post("/claims/{uuid:claim_id}/accept")
def accept_claim(request: HttpRequest, claim_id: UUID, body: WordsIn) -> HttpResponse:
    """As the seller I give everything back."""
    services.accept(seller_id=member_id_of(request), claim_id=claim_id, text=body.text)
    return _claim(request, claim_id)


@router.post("/claims/{uuid:claim_id}/offer")
def make_offer(request: HttpRequest, claim_id: UUID, body: RefundOfferIn) -> HttpResponse:
    """As the seller I offer a part of the money."""
    services.offer(
        seller_id=member_id_of(request), claim_id=claim_id, amount_minor=body.amount_minor, text=body.text
    )
    return _claim(request, claim_id)


@router.post("/claims/{uuid:claim_id}/contest")
def contest_claim(request: HttpRequest, claim_id: UUID, body: SayIn) -> HttpResponse:
    """As the seller I disagree; the staff decide."""
    services.contest(seller_id=member_id_of(request), claim_id=claim_id, text=body.text)
    return _claim(request, claim_id)


@router.post("/claims/{uuid:claim_id}/agree")
def take_offer(request: HttpRequest, claim_id: UUID, body: AgreeIn) -> HttpResponse:
    """As the buyer I take the offer that I saw."""
    services.agree(buyer_id=member_id_of(request), claim_id=claim_id, seen_minor=body.offer_minor)
    return _claim(request, claim_id)


@router.post("/claims/{uuid:claim_id}/decline")
def decline_offer(request: HttpRequest, claim_id: UUID, body: WordsIn) -> HttpResponse:
    """As the buyer I do not take it; the staff decide."""
    services.decline(buyer_id=member_id_of(request), claim_id=claim_id, text=body.text)
    return _claim(request, claim_id)


@router.post("/claims/{uuid:claim_id}/withdraw")
def withdraw_claim(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    """As the buyer I take the claim back; the seller gets the money."""
    services.withdraw(buyer_id=member_id_of(request), claim_id=claim_id)
    return _claim(request, claim_id)
