"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from beyou.analytics.models import ItemDay
from beyou.core import personal
from beyou.core.personal import File, declare, json_list

LOOKS = "market/looks.json"

declare(
    *("analytics.ItemDay", "seller"),
    what="How often your items were looked at and put into carts, by day",
    copied=LOOKS,
)


@personal.part("looks at your items")
def looks(member_id: UUID) -> Iterator[File]:
    rows = ItemDay.objects.filter(seller_id=member_id).order_by("day", "item_id")
    yield json_list(LOOKS, rows.values("item_id", "day", "views", "carts").iterator())
