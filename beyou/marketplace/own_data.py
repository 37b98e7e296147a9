"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from beyou.core import personal
from beyou.core.personal import File, declare, json_list
from beyou.marketplace.models import Favourite, Item, SavedSearch, SellerTerms

ITEMS, LIKES, SEARCHES = "market/items.json", "market/favourites.json", "market/searches.json"
TERMS = "market/terms.json"

declare("marketplace.Item", "seller", what="What you offer, with its pictures", copied=ITEMS)
declare("marketplace.Favourite", "member", what="Items you keep an eye on", copied=LIKES)
declare("marketplace.SellerTerms", "seller", what="What you offer besides prices", copied=TERMS)
declare("marketplace.SavedSearch", "member", what="Searches you saved", copied=SEARCHES)
declare(
    *("marketplace.ItemLook", "item__seller"),
    what="Whether the staff look at what you offer before others see it",
    not_copied="It waits for the staff only for a while; what they answered you stands at the item.",
)
declare(
    *("marketplace.SearchKey", "search__member"),
    what="By what your saved searches are found",
    not_copied="It is made of the searches, which are copied.",
)
declare(
    *("marketplace.SearchHit", "member"),
    what="Which items your saved searches told you of",
    not_copied="It only keeps you from being told twice.",
)
declare(
    *("marketplace.Reservation", "buyer"),
    what="Items held for you while you pay",
    not_copied="A hold ends after minutes; what you bought is among your orders.",
)


@personal.part("market")
def market(member_id: UUID) -> Iterator[File]:
    yield json_list(ITEMS, _items(member_id))
    liked = Favourite.objects.filter(member_id=member_id).order_by("id")
    yield json_list(LIKES, liked.values("item_id", "item__title", "created_at").iterator())
    searches = SavedSearch.objects.filter(member_id=member_id).order_by("created_at")
    yield json_list(SEARCHES, searches.values("name", "wanted", "alerts", "created_at").iterator())
    terms = SellerTerms.objects.filter(pk=member_id)
    yield json_list(TERMS, terms.values("takes_offers", "least_percent", "bundle_from", "bundle_percent"))


def _items(member_id: UUID) -> Iterator[dict[str, object]]:
    rows = Item.objects.filter(seller_id=member_id).order_by("id").select_related("category")
    for item in rows.prefetch_related("variants", "deliveries", "images").iterator(chunk_size=100):
        yield {
            "id": item.pk,
            "title": item.title,
            "description": item.description,
            "typed": item.unfinished,
            "condition": item.condition,
            "category": item.category.slug if item.category else None,
            "price_minor": item.price_minor,
            "currency": item.currency,
            "region": item.region,
            "state": item.state,
            "taken_off_because": item.staff_reason,
            "created_at": item.created_at,
            "variants": list(item.variants.values("name", "price_minor", "stock")),
            "deliveries": list(item.deliveries.values("kind", "price_minor", "days")),
            "pictures": [{"alt": image.alt, "file": str(image.media_id)} for image in item.images.all()],
        }
