"""What statistics may know of payments, from the books."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Sum

from beyou.payments.models import Payment, Refund, Share
from beyou.payments.rules import State, Step


@dataclass(frozen=True, slots=True)
class Tried:
    """Payments that came to an end: settled or not; and how long each settled one took."""

    settled: int
    failed: int
    spans: list[dt.timedelta]


def tried(start: dt.datetime, end: dt.datetime) -> Tried:
    """Settled in the span, or begun in it and failed. Two statements."""
    paid = Payment.objects.filter(state=State.SETTLED, settled_at__gte=start, settled_at__lt=end)
    spans = [
        settled - created for created, settled in paid.values_list("created_at", "settled_at") if settled
    ]
    lost = Payment.objects.filter(state=State.FAILED, created_at__gte=start, created_at__lt=end)
    return Tried(len(spans), lost.count(), spans)


def taken(start: dt.datetime, end: dt.datetime) -> dict[str, int]:
    """Minor units that buyers paid, by currency. One statement."""
    rows = Share.objects.filter(payment__settled_at__gte=start, payment__settled_at__lt=end)
    totals = rows.values_list("payment__currency").annotate(total=Sum("amount_minor")).order_by()
    return {currency: int(total) for currency, total in totals}


def given_back(start: dt.datetime, end: dt.datetime) -> dict[str, int]:
    """Minor units that buyers got back, by currency. One statement."""
    rows = Refund.objects.filter(state=Step.DONE, done_at__gte=start, done_at__lt=end)
    totals = rows.values_list("share__payment__currency").annotate(total=Sum("amount_minor")).order_by()
    return {currency: int(total) for currency, total in totals}


@dataclass(frozen=True, slots=True)
class Taken:
    """What one seller's buyers paid, and how many there were."""

    seller_id: UUID
    currency: str
    amount_minor: int
    buyers: int


def taken_by_seller(start: dt.datetime, end: dt.datetime, *, most: int) -> list[Taken]:
    """The sellers with the most, in each currency. One statement."""
    rows = Share.objects.filter(payment__settled_at__gte=start, payment__settled_at__lt=end)
    totals = (
        rows.values("seller_id", "payment__currency")
        .annotate(total=Sum("amount_minor"), buyers=Count("payment__payer_id", distinct=True))
        .order_by("-total", "seller_id")
    )
    return [
        Taken(row["seller_id"], row["payment__currency"], int(row["total"]), row["buyers"])
        for row in totals[:most]
    ]


@dataclass(frozen=True, slots=True)
class Movement:
    """One amount that a buyer paid a seller, or got back of it (below zero)."""

    at: dt.datetime
    currency: str
    amount_minor: int
    buyer_id: UUID
    #: The part of an order.
    reference: UUID


def movements(seller_id: UUID, start: dt.datetime, end: dt.datetime) -> list[Movement]:
    """What a seller's buyers paid and got back. Two statements."""
    paid = Share.objects.filter(
        seller_id=seller_id, payment__settled_at__gte=start, payment__settled_at__lt=end
    )
    back = Refund.objects.filter(
        share__seller_id=seller_id, state=Step.DONE, done_at__gte=start, done_at__lt=end
    )
    found = [
        (share.payment.settled_at, share, share.amount_minor) for share in paid.select_related("payment")
    ]
    found += [
        (each.done_at, each.share, -each.amount_minor) for each in back.select_related("share__payment")
    ]
    return [
        Movement(at, share.payment.currency, amount, share.payment.payer_id, share.reference)
        for at, share, amount in found
        if at is not None
    ]
