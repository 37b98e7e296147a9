"""The pictures of an item: re-encoded, without metadata, in two sizes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from beyou.core.errors import NotFound
from beyou.marketplace import locks
from beyou.marketplace.errors import InvalidItem, StepImpossible, TooManyPictures
from beyou.marketplace.models import Item, ItemImage
from beyou.marketplace.rules import ALT_LENGTH, EDITABLE, MOST_IMAGES, State
from beyou.media.services import Purpose, delete_media, store_image
from beyou.users.queries import lock_members
from beyou.verification.queries import check_verified

if TYPE_CHECKING:
    from beyou.media.models import MediaFile

#: Pixels of the longest side: a page shows pictures up to 800 wide on screens of double density; a list, 240.
LARGE, SMALL = 1_600, 480


def add_picture(*, seller_id: UUID, item_id: UUID, data: bytes, alt: str = "") -> ItemImage:
    """The picture is the last of the item. Raises what `media.store_image` raises, `VerificationRequired`,
    `NotFound`, `TooManyPictures`, and `ItemHeld` while somebody buys the item.
    """
    check_verified(seller_id)
    _check_alt([alt])
    with transaction.atomic():
        _check_room(_held(seller_id, item_id))
    # Outside of the transaction: re-encoding takes long, and SQLite has one writer.
    files: list[MediaFile] = []
    try:
        for side in (LARGE, SMALL):
            files.append(store_image(data=data, owner_id=seller_id, purpose=Purpose.ITEM, longest_side=side))
        with transaction.atomic():
            item = _held(seller_id, item_id)
            _check_room(item)
            return _attach(item, files, alt.strip())
    except BaseException:
        for file in files:
            delete_media(media_id=file.pk)
        raise


def _check_room(item: Item) -> None:
    if item.images.count() >= MOST_IMAGES:
        raise TooManyPictures(f"An item has at most {MOST_IMAGES} pictures. Remove one first.")


def _attach(item: Item, files: "list[MediaFile]", alt: str) -> ItemImage:
    last = item.images.order_by("-position").values_list("position", flat=True).first()
    return ItemImage.objects.create(
        item=item,
        media_id=files[0].pk,
        small_id=files[1].pk,
        width=files[0].width,
        height=files[0].height,
        alt=alt,
        position=0 if last is None else last + 1,
    )


def remove_picture(*, seller_id: UUID, item_id: UUID, image_id: UUID) -> None:
    """The picture is gone; a second time nothing happens. An offer keeps its last one.

    Raises `NotFound`, `StepImpossible` or `ItemHeld`.
    """
    with transaction.atomic():
        item = _held(seller_id, item_id)
        image = ItemImage.objects.filter(item=item, id=image_id).first()
        if image is None:
            return
        if item.state != State.DRAFT and item.images.count() == 1:
            raise StepImpossible("An offer keeps at least one picture. Add another one first.")
        delete_media(media_id=image.media_id)
        delete_media(media_id=image.small_id)
        image.delete()


def arrange_pictures(
    *, seller_id: UUID, item_id: UUID, order: Sequence[UUID] = (), alts: dict[UUID, str] | None = None
) -> None:
    """Those named stand first, in this order, and say what `alts` says. Raises `NotFound`, `InvalidItem`."""
    alts = alts or {}
    _check_alt(list(alts.values()))
    with transaction.atomic():
        item = _held(seller_id, item_id, is_words=False)
        images = {image.pk: image for image in ItemImage.objects.filter(item=item).order_by("position", "id")}
        if set(order) - set(images) or set(alts) - set(images):
            raise NotFound
        sorted_ids = [*dict.fromkeys(order), *(pk for pk in images if pk not in set(order))]
        for place, pk in enumerate(sorted_ids):
            images[pk].position = place
            images[pk].alt = alts.get(pk, images[pk].alt).strip()
        ItemImage.objects.bulk_update(images.values(), ["position", "alt"])


def _held(seller_id: UUID, item_id: UUID, *, is_words: bool = True) -> Item:
    lock_members([seller_id])
    item = locks.hold_item(item_id, seller_id)
    if item.state not in EDITABLE:
        raise StepImpossible("This item is sold or was taken off the market, so it cannot be changed.")
    if is_words:
        locks.check_not_held(item)
    return item


def _check_alt(texts: list[str]) -> None:
    if any(len(text.strip()) > ALT_LENGTH or "\x00" in text for text in texts):
        raise InvalidItem({"alt": f"Describe a picture in at most {ALT_LENGTH} plain characters."})
