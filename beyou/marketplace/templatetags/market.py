"""Template tags of the market."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django import template
from django.utils.safestring import SafeString

from beyou.core.templatetags.beyou import hue_class
from beyou.marketplace import fragments
from beyou.marketplace.addresses import address_of

if TYPE_CHECKING:
    from beyou.marketplace.models import Item
    from beyou.marketplace.queries.cards import Card, Facts

register = template.Library()


@register.simple_tag
def item_url(item: "Item | Facts") -> str:
    """The address of an item's page."""
    return address_of(item.id, item.title)


@register.simple_tag
def cards(shown: "Iterable[Card]") -> SafeString:
    """The items of a grid, as list items."""
    return fragments.cards(shown)


@register.filter
def hue(item_id: UUID) -> str:
    """The colour of an item without a picture, the same everywhere."""
    return hue_class(item_id)
