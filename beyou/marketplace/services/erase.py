"""After an erasure nothing that a member offered or liked is left."""

from uuid import UUID

from django.db import transaction

from beyou.core import personal
from beyou.marketplace.models import Item, ItemImage
from beyou.marketplace.services.index import KIND
from beyou.media.services import delete_media
from beyou.search import services as search


def erase_member(*, member_id: UUID) -> None:
    """Items with their pictures, likes, searches and holds of the member are gone."""
    pictures = ItemImage.objects.filter(item__seller_id=member_id)
    with transaction.atomic():
        for media_id, small_id in list(pictures.values_list("media_id", "small_id")):
            delete_media(media_id=media_id)
            delete_media(media_id=small_id)
        items = Item.objects.filter(seller_id=member_id).values_list("id", flat=True)
        search.erase(kind=KIND, refs=list(items))
        personal.erase_rows("marketplace", member_id)
