"""The page of a seller's business."""

from decimal import Decimal

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from beyou.analytics import queries
from beyou.analytics.http import asked_period
from beyou.analytics.rules import RANGES
from beyou.core.money import plain_amount
from beyou.core.tables import csv_lines
from beyou.users.http import MemberRequest, member_required


@require_safe
@member_required
def selling(request: MemberRequest) -> HttpResponse:
    """What is to do, what was sold, what comes."""
    period = asked_period(request)
    context = {
        "to_do": queries.to_do(request.member.pk),
        "found": queries.dashboard(request.member.pk, period),
        "ranges": RANGES,
        "most": queries.MOST_ITEMS,
    }
    return render(request, "analytics/selling.html", context)


@require_safe
@member_required
def items_file(request: MemberRequest) -> HttpResponse:
    """What each item did in the period, for spreadsheets."""
    period = asked_period(request)
    rows = (
        (
            line.title,
            line.views,
            line.carts,
            line.units,
            Decimal(plain_amount(line.goods_minor, line.currency)),
            line.currency,
            str(line.item_id),
        )
        for line in queries.item_lines(request.member.pk, period)
    )
    head = ("Item", "Looks", "Into carts", "Sold", "For", "Currency", "Id")
    return StreamingHttpResponse(  # type: ignore[return-value]  # a response, as Django serves it
        csv_lines(head, rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="beyou-items-{period.first}-{period.last}.csv"'
        },
    )
