"""The API of a member's money: payments that they made, balance, payouts."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictInt

from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.payments import queries, rules, services
from beyou.payments.models import Payment, Payout
from beyou.users.http import member_id_of, require_recent_proof

router = Router(tags=["money"])


class PageQuery(Input):
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


class PayoutIn(Input):
    #: Made by the client: a repeat under the same id returns the first payout.
    id: UUID
    amount_minor: Annotated[StrictInt, Field(gt=0, le=rules.MOST_MINOR)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "id": str(payment.pk),
        "reference": str(payment.reference),
        "state": payment.state,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "refunded_minor": payment.refunded_minor,
        "failure": payment.failure or None,
        "pay_at": f"/pay/{payment.pk}/go" if queries.can_be_paid(payment) else None,
    }


def _payout(payout: Payout) -> dict[str, Any]:
    return {
        "id": str(payout.pk),
        "state": payout.state,
        "amount_minor": payout.amount_minor,
        "currency": payout.currency,
        "failure": payout.failure or None,
        "created_ms": round(payout.created_at.timestamp() * 1000),
    }


@router.get("/payments/{uuid:payment_id}")
def get_payment(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """How far a payment of mine is. `pay_at` is where I pay, while there is something to pay."""
    return json_response(_payment(queries.payment_for(member_id_of(request), payment_id)))


@router.get("/money")
def get_money(request: HttpRequest) -> HttpResponse:
    """My balance in each currency, the sales whose money is held until the order is done, and how my money
    leaves (`way_out`): `by_hand`, `straight`, or through a provider for whom my account is `untold`, `asked`
    (not ready) or `ready`.
    """
    held = [
        {
            "reference": str(sale.reference),
            "amount_minor": sale.amount_minor,
            "fee_minor": sale.fee_minor,
            "currency": sale.currency,
            "paid_ms": round(sale.paid_at.timestamp() * 1000),
        }
        for sale in queries.held_for(member_id_of(request))
    ]
    balances = [
        {
            "currency": balance.currency,
            "available_minor": balance.available_minor,
            "owed_minor": balance.owed_minor,
            "held_minor": balance.held_minor,
            "on_its_way_minor": balance.on_its_way_minor,
        }
        for balance in queries.balance_for(member_id_of(request))
    ]
    way = queries.way_out(member_id_of(request)).way
    return json_response({"balances": balances, "held": held, "way_out": way.value})


@router.get("/payouts")
def list_payouts(request: HttpRequest, query: Query[PageQuery]) -> HttpResponse:
    """My payouts, the newest first."""
    page = queries.payouts_for(member_id_of(request), before=query.cursor, limit=query.limit)
    return json_response({"items": [_payout(each) for each in page.items], "next": page.next_key or None})


@router.post("/payouts")
def ask_payout(request: HttpRequest, body: PayoutIn) -> HttpResponse:
    """So much of my balance goes to my bank. Needs me in person, with a fresh proof: no token does."""
    require_recent_proof(request)
    payout = services.request_payout(
        seller_id=member_id_of(request),
        currency=body.currency,
        amount_minor=body.amount_minor,
        idempotency_key=str(body.id),
    )
    return json_response(_payout(payout), status=201)


@router.post("/payouts/account")
def open_payout_account(request: HttpRequest) -> HttpResponse:
    """The payment provider's page (`address`) where I say who I am and where my money goes, or change it.
    It works once and for minutes, for whoever has it. Needs me in person, with a fresh proof: no token does.
    """
    require_recent_proof(request)
    address = services.open_account(seller_id=member_id_of(request))
    return json_response({"address": address}, status=201)
