"""What a seller says of an item is kept, however unfinished."""

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings

from beyou.core import clock, ids, limits
from beyou.core.errors import InvalidInput
from beyou.core.transactions import retried
from beyou.marketplace import locks, rules
from beyou.marketplace.errors import InvalidItem, ItemChanged, NotReady, StepImpossible
from beyou.marketplace.models import Category, DeliveryOption, Item, Variant
from beyou.marketplace.rules import Delivery, Details, State
from beyou.marketplace.services.index import index_item
from beyou.marketplace.services.watch import keep_back, may_be_seen, said_by
from beyou.users.queries import lock_members
from beyou.verification.queries import check_verified


@retried
def save_item(
    *,
    seller_id: UUID,
    item_id: UUID,
    details: Details,
    version: int | None = None,
    page: str = "",
    unfinished: Mapping[str, str] | None = None,
) -> Item:
    """The item says what the details say; one that does not exist is made, as a draft.

    `version` is the one that the seller saw, or None for whoever overwrites on purpose; `page` names the open
    page that saves itself. `unfinished` is what was typed into a draft and could not be read: it is kept for
    the next look. Raises `VerificationRequired`, `InvalidItem`, `ItemChanged`, `ItemHeld`, `NotReady` when an
    offer would become half a one, `StepImpossible` for what is sold or was taken off, `NotFound` for what is
    somebody else's, `RateLimited`, and for an offer that others see `WatchedText` and `TooManyLinks`. One
    with a word that is held is a draft again, which waits for the staff.
    """
    limits.check("items.member", str(seller_id))
    check_verified(seller_id)
    categories = dict(Category.objects.values_list("slug", "id"))
    found = rules.problems(details, categories=frozenset(categories), currency=settings.MARKET_CURRENCY)
    if found:
        raise InvalidItem(found)
    item = _held(seller_id, item_id)
    _check_newer(item, version, page)
    is_seen = item.state == State.AVAILABLE
    if item.state != State.DRAFT:
        _check_offer(item, details)
    before = (item.price_minor, *said_by(item)) if is_seen else ()
    # A category that staff retire at this moment breaks the foreign key: all begins again, without it.
    _write(item, details, categories, page, dict(unfinished or {}))
    _write_pieces(item, details)
    _write_ways(item, details)
    if is_seen and before != (item.price_minor, *said_by(item)):
        if may_be_seen(item):
            item.save(update_fields=["title", "description", "region"])
        else:
            keep_back(item)
    index_item(item)
    return item


def _held(seller_id: UUID, item_id: UUID) -> Item:
    """The seller's item, made if it is new. One who saves twice at once makes it once."""
    lock_members([seller_id])
    if not Item.objects.filter(id=item_id).exists():
        if not ids.is_uuid7(item_id):
            raise InvalidInput("The id of a new item must be a UUID of version 7.")
        return Item.objects.create(id=item_id, seller_id=seller_id, currency=settings.MARKET_CURRENCY)
    return locks.hold_item(item_id, seller_id)


def _check_newer(item: Item, version: int | None, page: str) -> None:
    if version is not None and version != item.version and not (page and page == item.page):
        raise ItemChanged


def _check_offer(item: Item, details: Details) -> None:
    if item.state not in rules.EDITABLE:
        raise StepImpossible("This item is sold or was taken off the market, so it cannot be changed.")
    locks.check_not_held(item)
    if missing := rules.missing(details, images=item.images.count()):
        raise NotReady(missing)


def _write(
    item: Item, details: Details, categories: dict[str, int], page: str, unfinished: dict[str, str]
) -> None:
    item.title = details.title
    item.description = details.description
    item.condition = details.condition
    item.region = details.region
    item.category_id = categories.get(details.category)
    item.price_minor = rules.least_price(details)
    kinds = {kind for kind, _, _ in details.deliveries}
    item.is_collected = Delivery.PICKUP in kinds
    item.is_sent = bool(kinds - {Delivery.PICKUP})
    item.page, item.unfinished = page, unfinished
    item.version += 1
    item.changed_at = clock.now()
    item.save()


def _write_pieces(item: Item, details: Details) -> None:
    """Each variant keeps its id for as long as it is there, since carts point at it."""
    rows = list(Variant.objects.filter(item=item))
    by_id, by_name = {row.pk: row for row in rows}, {row.name: row for row in rows}
    # With one price of its own every choice gets one, so that the item's may be the least of them.
    is_priced = any(piece.price_minor not in (None, details.price_minor) for piece in details.pieces)
    kept: dict[UUID, Variant] = {}
    for place, piece in enumerate(details.pieces):
        row = by_id.get(piece.id) if piece.id else by_name.get(piece.name)
        row = row if row is not None and row.pk not in kept else Variant(item=item)
        if row.pk in by_id and row.name != piece.name:
            # Two choices may exchange their names, and no moment may see one twice.
            Variant.objects.filter(pk=row.pk).update(name=str(row.pk))
        row.name, row.stock, row.position = piece.name, piece.stock, place
        row.price_minor = (piece.price_minor or details.price_minor) if is_priced else None
        kept[row.pk] = row
    Variant.objects.filter(pk__in=set(by_id) - set(kept)).delete()
    for row in kept.values():
        row.save()


def _write_ways(item: Item, details: Details) -> None:
    there = {row.kind: row for row in DeliveryOption.objects.filter(item=item)}
    for kind, cost, days in details.deliveries:
        row = there.pop(kind.value, None) or DeliveryOption(item=item, kind=kind.value)
        row.price_minor, row.days = cost, days
        row.save()
    DeliveryOption.objects.filter(pk__in=[row.pk for row in there.values()]).delete()
