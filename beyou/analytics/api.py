"""The API of a seller's business."""

from typing import Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from beyou.analytics import queries
from beyou.analytics.http import last_days
from beyou.analytics.rules import DEFAULT_RANGE
from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.users.http import member_id_of

router = Router(tags=["orders"])


class RangeQuery(Input):
    """How many days, today among them."""

    days: Literal["7", "30", "90", "365"] = str(DEFAULT_RANGE)  # type: ignore[assignment]  # one of them


@router.get("/selling")
def get_business(request: HttpRequest, query: Query[RangeQuery]) -> HttpResponse:
    """What waits for the seller, what was sold in the last days and in as many before them, what each item
    did, and what money comes when. Amounts are minor units.
    """
    member_id = member_id_of(request)
    found = queries.dashboard(member_id, last_days(int(query.days)))
    return json_response(
        {
            "from": found.period.first.isoformat(),
            "to": found.period.last.isoformat(),
            "to_do": [
                {"what": each.what, "count": each.count, "by": each.by} for each in queries.to_do(member_id)
            ],
            "totals": _totals(found.totals),
            "before": _totals(found.before),
            "revenue_by_day": [
                {"day": bar.day.isoformat(), "minor": bar.value} for bar in found.bars if bar.value
            ],
            "items": [
                {
                    "id": str(line.item_id),
                    "title": line.title,
                    "views": line.views,
                    "carts": line.carts,
                    "sold": line.units,
                    "goods_minor": line.goods_minor,
                    "currency": line.currency,
                }
                for line in found.items
            ],
            "coming": [
                {"minor": each.amount_minor, "currency": each.currency, "by": each.by}
                for each in found.coming
            ],
        }
    )


def _totals(totals: queries.Totals) -> dict[str, object]:
    return {
        "revenue": [
            {"currency": currency, "minor": minor} for currency, minor in sorted(totals.revenue.items())
        ],
        "sales": totals.sales,
        "buyers": totals.buyers,
        "views": totals.views,
        "carts": totals.carts,
    }
