"""The API of offers and vouchers. Amounts are in the smallest unit of their currency."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import AwareDatetime, Field, StrictInt, StrictStr

from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.offers import queries, services
from beyou.offers.models import Voucher
from beyou.offers.queries import Talk
from beyou.offers.rules import Reduction, Side, Step
from beyou.users.http import member_id_of
from beyou.verification.http import verified_required

router = Router(tags=["offers"])
#: Anything a column can hold; the rules say which of it is allowed, and why not.
_Minor = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]


class OffersQuery(Input):
    """`side` is `buyer` for what I offered, `seller` for what I was offered."""

    side: Side = Side.BUYER
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


class OfferIn(Input):
    """One price for one of each of these variants, all of one seller."""

    variants: Annotated[list[UUID], Field(min_length=1, max_length=50)]
    price_minor: _Minor


class AnswerIn(Input):
    """`price_minor` is the price of a counter-offer; with `accept` it is the one that was seen."""

    step: Annotated[StrictStr, Field(pattern=r"^(accept|decline|counter|withdraw)$")]
    price_minor: _Minor | None = None


class VoucherIn(Input):
    """It takes off either an amount or a percentage. Without `begins` it counts at once, without `ends` for
    ever.
    """

    amount_minor: _Minor = 0
    percent: _Minor = 0
    minimum_minor: _Minor = 0
    uses: _Minor = 1
    begins: AwareDatetime | None = None
    ends: AwareDatetime | None = None


def _ms(moment: dt.datetime | None) -> int | None:
    return round(moment.timestamp() * 1000) if moment else None


def _shown(talk: Talk) -> dict[str, Any]:
    offer, other = talk.offer, talk.other
    return {
        "id": str(offer.pk),
        "side": talk.side.value,
        "with": {"id": str(other.pk), "handle": other.handle, "name": other.name},
        "state": talk.state.value,
        "is_my_turn": talk.is_asked,
        "price_minor": offer.price_minor,
        "list_minor": talk.list_minor,
        "currency": offer.currency,
        "until_ms": _ms(offer.until),
        "steps": sorted(step.value for step in talk.may),
        "things": [
            {"item": str(thing.item_id), "variant": str(thing.variant_id), "title": thing.title,
             "choice": thing.variant_name, "list_minor": thing.list_minor}
            for thing in talk.things
        ],
        "moves": [
            {"at_ms": _ms(move.at), "what": move.what, "side": move.side or None,
             "price_minor": move.price_minor}
            for move in talk.moves
        ],
    }  # fmt: skip


def _voucher(voucher: Voucher) -> dict[str, Any]:
    return {
        "id": str(voucher.pk),
        "code": queries.code_of(voucher),
        "amount_minor": voucher.amount_minor,
        "percent": voucher.percent,
        "minimum_minor": voucher.minimum_minor,
        "currency": voucher.currency,
        "uses": voucher.uses,
        "used": voucher.used,
        "begins_ms": _ms(voucher.begins_at),
        "ends_ms": _ms(voucher.ends_at),
        "problem": queries.problem_of(voucher) or None,
    }


@router.get("/offers")
def list_offers(request: HttpRequest, query: Query[OffersQuery]) -> HttpResponse:
    """My offers on one side, the newest first."""
    page = queries.offers_of(member_id_of(request), query.side, before=query.cursor, limit=query.limit)
    return json_response(
        {"items": [_shown(each) for each in page.items], "next": str(page.next) if page.next else None}
    )


@router.post("/offers")
@verified_required
def make_offer(request: HttpRequest, body: OfferIn) -> HttpResponse:
    """Asks a seller whether things go at a price; `offer_moved` names an offer for the same that is live."""
    offer = services.make_offer(
        buyer_id=member_id_of(request), variant_ids=body.variants, price_minor=body.price_minor
    )
    return json_response(_shown(queries.offer_for(member_id_of(request), offer.pk)))


@router.get("/offers/{uuid:offer_id}")
def get_offer(request: HttpRequest, offer_id: UUID) -> HttpResponse:
    """One offer that I made or was made."""
    return json_response(_shown(queries.offer_for(member_id_of(request), offer_id)))


@router.post("/offers/{uuid:offer_id}/step")
def answer_offer(request: HttpRequest, offer_id: UUID, body: AnswerIn) -> HttpResponse:
    """`accept`, `decline`, `counter` or `withdraw`, whichever are among the offer's `steps`."""
    services.take_step(
        member_id=member_id_of(request),
        offer_id=offer_id,
        step=Step(body.step),
        price_minor=body.price_minor,
    )
    return json_response(_shown(queries.offer_for(member_id_of(request), offer_id)))


@router.get("/selling/vouchers")
@verified_required
def list_vouchers(request: HttpRequest) -> HttpResponse:
    """My vouchers with their codes, the newest first."""
    found = queries.vouchers_of(member_id_of(request))
    return json_response({"items": [_voucher(each) for each in found], "next": None})


@router.post("/selling/vouchers")
@verified_required
def create_voucher(request: HttpRequest, body: VoucherIn) -> HttpResponse:
    """One more voucher for my things; its code is drawn."""
    made = services.create_voucher(
        seller_id=member_id_of(request),
        reduction=Reduction(body.amount_minor, body.percent, body.minimum_minor),
        currency=settings.MARKET_CURRENCY,
        uses=body.uses,
        begins_at=body.begins,
        ends_at=body.ends,
    )
    return json_response(_voucher(made), status=201)


@router.delete("/selling/vouchers/{uuid:voucher_id}")
@verified_required
def end_voucher(request: HttpRequest, voucher_id: UUID) -> HttpResponse:
    """No further order uses it."""
    services.end_voucher(seller_id=member_id_of(request), voucher_id=voucher_id)
    return HttpResponse(status=204)
