"""The demo's market: two dozen things with drawn pictures, and as many more as a measurement needs."""

import random
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from beyou.config.demo_drawings import drawing
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.marketplace import services
from beyou.marketplace.models import Category, DeliveryOption, Item, Variant
from beyou.marketplace.rules import SEARCH_KIND, Condition, Delivery, Details, Piece, State, Step, Terms
from beyou.offers import services as offers
from beyou.offers.rules import Reduction
from beyou.offers.rules import Step as Answer
from beyou.search import services as search
from beyou.users import services as users
from beyou.users.models import User

SELLERS: Final = (("erin", "Erin Elm"), ("finn", "Finn Fir"))
#: drawing, title, category, condition, minor units, region, description
ITEMS: Final = (
    ("mug", "Hand-thrown stoneware mug", "ceramics", "new", 2_400, "Ghent", "Holds 300 ml. Glazed inside and out, safe in the dishwasher. Made in my own kiln, so each is a little different."),
    ("bike", "Road bike, 54 cm, serviced", "bicycles", "good", 48_000, "Utrecht", "Steel frame, new chain and brake pads in spring. A scratch on the top tube, see the photo."),
    ("keyboard", "Mechanical keyboard, 65 %", "computers", "like_new", 9_500, "Leipzig", "Tactile switches, used for three months. Comes with the puller and a cable."),
    ("shirt", "Wool overshirt, M", "men", "good", 6_000, "Ghent", "Warm, heavy wool. Washed by hand. One button was replaced."),
    ("camera", "Film camera with 50 mm lens", "cameras", "good", 14_000, "Porto", "Meter works, seals are new. I add a roll of film so that you can try it."),
    ("table", "Walnut side table", "furniture", "like_new", 11_000, "Utrecht", "Solid walnut, oiled. 45 cm wide and 50 cm high. A flat parcel: the legs screw in."),
    ("shoes", "Climbing shoes, EU 42", "climbing", "fair", 4_500, "Innsbruck", "Resoled once, plenty of rubber left. They stretched to a comfortable 42."),
    ("lamp", "Vintage desk lamp", "lamps", "good", 3_800, "Utrecht", "Brass, rewired with a textile cable. Bulb included."),
    ("guitar", "Classical guitar with soft case", "instruments", "good", 18_500, "Porto", "Cedar top, warm sound. New strings. Two small dings on the side."),
    ("books", "Four novels, hardcover", "novels", "good", 1_600, "Leipzig", "Read once. Sold together, to make room on a shelf."),
    ("plant", "Monstera in a clay pot", "garden", "new", 2_200, "Ghent", "Grown from a cutting, 60 cm high. Better picked up than sent."),
    ("backpack", "Hiking backpack, 40 litres", "camping", "like_new", 7_800, "Innsbruck", "Two tours old. Rain cover in the bottom pocket."),
    ("tent", "Two-person tent, 1.9 kg", "camping", "good", 13_000, "Innsbruck", "Stood in rain and stayed dry. All pegs are there, and a repair kit."),
    ("headphones", "Over-ear headphones", "audio", "like_new", 8_900, "Utrecht", "Closed, with a new pair of cushions. In the box."),
    ("phone", "Phone, 128 GB, unlocked", "phones", "good", 21_000, "Leipzig", "Battery at 91 %. Reset and without any account on it."),
    ("chair", "Reading chair, violet velvet", "furniture", "good", 9_900, "Ghent", "From a home without pets. Pick it up with two people."),
    ("print", "Linocut: sun over the dyke", "prints", "new", 3_500, "Porto", "Numbered 7 of 40, signed, unframed. Rolled in a tube."),
    ("ring", "Silver ring with blue topaz", "jewellery", "like_new", 5_200, "Leipzig", "Size 54. Cleaned by a jeweller."),
    ("drill", "Cordless drill, two batteries", "power-tools", "fair", 4_900, "Utrecht", "Works hard, looks like it. Charger included."),
    ("blocks", "Wooden building blocks", "toys", "good", 1_800, "Ghent", "Some 80 pieces, painted. A few corners were chewed by a former owner."),
    ("record", "Jazz on vinyl, 12 records", "records", "good", 6_500, "Porto", "Sleeves show their age, the records play clean. Ask me for the list."),
    ("kettle", "Copper kettle", "kitchen", "fair", 2_900, "Innsbruck", "For gas and fire. Needs a polish, or none."),
    ("pram", "Pram, folds with one hand", "baby", "good", 12_000, "Leipzig", "Second child is walking now. New tyres in May."),
    ("axe", "Forged hatchet", "hand-tools", "like_new", 5_400, "Innsbruck", "Sharpened by hand. With a leather sheath."),
)  # fmt: skip
_AT_ONCE: Final = 1_000


def sell(seller_ids: Sequence[UUID]) -> list[UUID]:
    """The two dozen are on the market, by turns from these verified members. Returns the items."""
    made = []
    for number, (name, title, category, condition, price, region, text) in enumerate(reversed(ITEMS)):
        seller_id, item_id = seller_ids[number % len(seller_ids)], uuid7()
        ways = (
            ((Delivery.PICKUP, 0, 0),)
            if name in ("plant", "chair")
            else ((Delivery.PARCEL, 590, 3), (Delivery.PICKUP, 0, 0))
        )
        details = Details(
            title=title,
            description=text,
            condition=condition,
            category=category,
            price_minor=price,
            region=region,
            pieces=(Piece("", 5 if name == "mug" else 1),),
            deliveries=ways,
        )
        services.save_item(seller_id=seller_id, item_id=item_id, details=details)
        alt = f"Drawing: {title}"
        services.add_picture(seller_id=seller_id, item_id=item_id, data=drawing(name, number), alt=alt)
        services.take_step(seller_id=seller_id, item_id=item_id, step=Step.PUBLISH)
        made.append(item_id)
    return made


def haggle(seller_ids: Sequence[UUID], made: Sequence[UUID]) -> None:
    """The second seller has bundles and a voucher. The first and the second have made each other an offer, and
    the third has answered the first's with another price.
    """
    first, second, third = seller_ids
    services.set_terms(seller_id=second, terms=Terms(bundle_from=2, bundle_percent=10))
    offers.create_voucher(
        seller_id=second, reduction=Reduction(percent=15), currency=settings.MARKET_CURRENCY, uses=20
    )
    things = {item.seller_id: item for item in Item.objects.filter(id__in=made).order_by("-id")}
    for buyer, seller in ((first, second), (second, first), (first, third)):
        if seller not in things:
            continue
        item = things[seller]
        list_minor = item.price_minor or 0
        variant_ids = list(item.variants.order_by("position").values_list("id", flat=True)[:1])
        asked = offers.make_offer(buyer_id=buyer, variant_ids=variant_ids, price_minor=list_minor * 3 // 4)
        if seller == third:
            offers.take_step(
                member_id=third, offer_id=asked.pk, step=Answer.COUNTER, price_minor=list_minor * 9 // 10
            )


def fill(count: int, *, sellers: int = 50) -> Iterator[int]:
    """So many more items without pictures, for measurements; yields how many there are so far."""
    dice = random.Random(count)  # noqa: S311  (the same market each time)
    seller_ids = [_bulk_seller(number) for number in range(sellers)]
    categories = list(Category.objects.exclude(parent=None).order_by("id"))
    for start in range(0, count, _AT_ONCE):
        rows = [
            _bulk_item(dice, dice.choice(seller_ids), dice.choice(categories))
            for _ in range(min(_AT_ONCE, count - start))
        ]
        with transaction.atomic():
            Item.objects.bulk_create(rows)
            Variant.objects.bulk_create(Variant(item=row) for row in rows)
            DeliveryOption.objects.bulk_create(
                DeliveryOption(item=row, kind=Delivery.PARCEL.value, price_minor=499) for row in rows
            )
            search.put_many(
                kind=SEARCH_KIND,
                texts=[(row.pk, f"{row.title} {row.region} {row.description}") for row in rows],
            )
        yield start + len(rows)


def _bulk_seller(number: int) -> UUID:
    handle = f"trader_{number}"
    known = User.objects.filter(handle=handle).values_list("id", flat=True).first()
    if known is None:
        made = users.create_member(
            handle=handle,
            name=f"Trader {number}",
            email=f"{handle}@example.org",
            password=None,
            is_confirmed=True,
            is_demo=False,
        )
        users.mark_verified(member_id=made.pk)
        known = made.pk
    return known


_ADJECTIVES: Final = [
    "Small",
    "Large",
    "Old",
    "New",
    "Blue",
    "Red",
    "Green",
    "Heavy",
    "Light",
    "Quiet",
    "Bright",
    "Plain",
    "Rare",
    "Simple",
    "Sturdy",
    "Folding",
]
_THINGS: Final = [
    "lamp",
    "bicycle",
    "mug",
    "keyboard",
    "coat",
    "camera",
    "table",
    "shoe",
    "book",
    "guitar",
    "pot",
    "rucksack",
    "tent",
    "headset",
    "phone",
    "chair",
    "print",
    "ring",
    "drill",
    "puzzle",
    "record",
    "kettle",
    "pram",
    "saw",
    "shelf",
    "mirror",
    "clock",
    "radio",
    "scarf",
    "carpet",
]
_REGIONS: Final = [
    "Utrecht",
    "Ghent",
    "Leipzig",
    "Porto",
    "Innsbruck",
    "Bergen",
    "Lyon",
    "Krakow",
    "Turku",
    "Bologna",
]


def _bulk_item(dice: random.Random, seller_id: UUID, category: Category) -> Item:
    thing = dice.choice(_THINGS)
    return Item(
        seller_id=seller_id,
        title=f"{dice.choice(_ADJECTIVES)} {thing} no. {dice.randrange(100_000)}",
        description=f"A {dice.choice(_ADJECTIVES).lower()} {thing}, {dice.choice(_ADJECTIVES).lower()} as well.",
        condition=dice.choice(list(Condition)).value,
        category=category,
        price_minor=dice.randrange(100, 100_000),
        currency=settings.MARKET_CURRENCY,
        region=dice.choice(_REGIONS),
        state=State.AVAILABLE.value,
        is_sent=True,
        listed_ms=clock.now_ms() - dice.randrange(90 * 86_400_000),
    )
