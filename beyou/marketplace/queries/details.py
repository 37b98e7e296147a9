"""What an item says now, in the shape in which its seller changes it."""

from beyou.marketplace.models import Item
from beyou.marketplace.rules import Delivery, Details, Piece


def details_of(item: Item) -> Details:
    """Two statements, and one for the category if it is not loaded."""
    rows = item.variants.order_by("position", "id")
    # A choice at the least price follows the item's, so that one change moves both.
    pieces = tuple(
        Piece(row.name, row.stock, None if row.price_minor == item.price_minor else row.price_minor, row.pk)
        for row in rows
    )
    ways = item.deliveries.order_by("kind").values_list("kind", "price_minor", "days")
    return Details(
        title=item.title,
        description=item.description,
        condition=item.condition,
        category=item.category.slug if item.category else "",
        price_minor=item.price_minor,
        region=item.region,
        pieces=pieces or (Piece("", 1),),
        deliveries=tuple((Delivery(kind), cost, days) for kind, cost, days in ways),
    )
