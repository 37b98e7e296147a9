"""Reading offers, one file per use case."""

from beyou.marketplace.queries.holds import is_own_variant
from beyou.marketplace.queries.items import (
    Choice,
    Listing,
    check_picture,
    is_taken,
    item_for,
    look_at,
    own_item,
)
from beyou.marketplace.queries.offers import Offer, Way, buyable_for, held_units, things_of
from beyou.marketplace.queries.terms import terms_of

__all__ = [
    "Choice",
    "Listing",
    "Offer",
    "Way",
    "buyable_for",
    "check_picture",
    "held_units",
    "is_own_variant",
    "is_taken",
    "item_for",
    "look_at",
    "own_item",
    "terms_of",
    "things_of",
]
