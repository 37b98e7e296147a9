"""Things that the people of the tests sell."""

from typing import Any

from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.marketplace.models import Category, DeliveryOption, Item, ItemImage, Variant
from beyou.marketplace.rules import Condition, Delivery, State
from beyou.users.models import User
from beyou.users.services import mark_verified


def seller(member: User) -> User:
    """The member, verified."""
    mark_verified(member_id=member.pk)
    member.refresh_from_db()
    return member


def category(slug: str = "lamps", parent: str = "home") -> Category:
    """A branch of the tree; the tree itself is gone after a test that commits."""
    root, _ = Category.objects.get_or_create(slug=parent, defaults={"name": parent.capitalize()})
    found, _ = Category.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize(), "parent": root})
    return found


def item(
    owner: User,
    title: str = "Brass desk lamp",
    *,
    price: int = 4_500,
    stock: int = 1,
    state: State = State.AVAILABLE,
    deliveries: tuple[tuple[Delivery, int], ...] = ((Delivery.PARCEL, 499), (Delivery.PICKUP, 0)),
    variants: tuple[str, ...] = ("",),
    **fields: Any,
) -> Item:
    """A whole offer without bytes of pictures. `variants` share the price; each has the stock."""
    kinds = {kind for kind, _ in deliveries}
    made = Item.objects.create(
        seller=owner,
        title=title,
        description=fields.pop("description", "Works, with a new cable."),
        condition=fields.pop("condition", Condition.GOOD),
        category=fields.pop("category", None) or category(),
        price_minor=price,
        currency=fields.pop("currency", "EUR"),
        region=fields.pop("region", "Utrecht"),
        state=state,
        is_sent=bool(kinds - {Delivery.PICKUP}),
        is_collected=Delivery.PICKUP in kinds,
        listed_ms=fields.pop("listed_ms", clock.now_ms()),
        **fields,
    )
    Variant.objects.bulk_create(
        Variant(item=made, name=name, stock=stock, position=place) for place, name in enumerate(variants)
    )
    DeliveryOption.objects.bulk_create(
        DeliveryOption(item=made, kind=kind, price_minor=cost) for kind, cost in deliveries
    )
    ItemImage.objects.create(
        item=made, media_id=uuid7(), small_id=uuid7(), width=800, height=600, alt="A lamp", position=0
    )
    return made


def variant(of: Item) -> Variant:
    """The first variant."""
    return of.variants.order_by("position", "id")[0]
