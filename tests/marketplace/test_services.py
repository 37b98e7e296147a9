"""What sellers do to their items, and what must not be possible."""

import datetime as dt
import threading
from dataclasses import replace
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection

from beyou.core import clock, events
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.marketplace import services
from beyou.marketplace.errors import (
    InvalidItem,
    ItemChanged,
    ItemHeld,
    NotReady,
    StepImpossible,
    TooManyPictures,
)
from beyou.marketplace.models import Item, ItemImage, Reservation, Variant
from beyou.marketplace.queries.details import details_of
from beyou.marketplace.rules import MOST_PRICE, Delivery, Details, Piece, State, Step
from beyou.marketplace.services import index as services_index
from beyou.media.models import MediaFile
from beyou.media.services import read_bytes
from beyou.search import queries as search
from beyou.search import services as search_services
from beyou.search.models import Document
from beyou.users.events import UserErased
from beyou.users.models import User
from beyou.verification.errors import VerificationRequired
from tests.factories import market, members, pictures

pytestmark = pytest.mark.django_db

LAMP = Details(
    title="Brass desk lamp",
    description="Works.",
    condition="good",
    category="lamps",
    price_minor=4_500,
    region="Utrecht",
    deliveries=((Delivery.PARCEL, 499, 3),),
)


def _alice() -> User:
    market.category()
    return market.seller(members.alice())


def _save(seller: User, item_id: UUID, details: Details = LAMP, **more: Any) -> Item:
    return services.save_item(seller_id=seller.pk, item_id=item_id, details=details, **more)


def _step(seller: User, item_id: UUID, step: Step) -> Item:
    return services.take_step(seller_id=seller.pk, item_id=item_id, step=step)


def _draft(seller: User, details: Details = LAMP) -> Item:
    """A whole draft with one picture."""
    item = _save(seller, uuid7(), details)
    services.add_picture(seller_id=seller.pk, item_id=item.pk, data=pictures.picture(), alt="A lamp")
    return item


def _hold(item: Item, buyer: User) -> None:
    until = clock.now() + dt.timedelta(minutes=15)
    Reservation.objects.create(
        variant=market.variant(item), buyer=buyer, quantity=1, order_id=uuid4(), until=until
    )


def _is_found(item: Item) -> bool:
    """Whether the index holds the item; words are not asked, since MariaDB finds what is committed only."""
    return Document.objects.filter(kind="item", ref=item.pk).exists()


def test_a_draft_may_lack_almost_everything_and_is_kept() -> None:
    alice = _alice()
    item = _save(alice, uuid7(), Details(), unfinished={"price": "12,5O"})
    item.refresh_from_db()
    assert (item.state, item.unfinished, item.currency) == ("draft", {"price": "12,5O"}, "EUR")
    assert not _is_found(item)
    with pytest.raises(NotReady, match="a photo, a title"):
        _step(alice, item.pk, Step.PUBLISH)


def test_what_was_said_is_said_again() -> None:
    alice = _alice()
    details = replace(
        LAMP,
        pieces=(Piece("S", 2), Piece("M", 0, 5_000)),
        deliveries=((Delivery.PARCEL, 499, 3), (Delivery.PICKUP, 0, 1)),
    )
    item = _save(alice, uuid7(), details)
    said = details_of(Item.objects.get(pk=item.pk))
    assert replace(said, pieces=tuple(replace(piece, id=None) for piece in said.pieces)) == details
    assert (item.price_minor, item.is_sent, item.is_collected) == (4_500, True, True)
    before = [piece.id for piece in said.pieces]
    swapped = tuple(replace(piece, name=name) for piece, name in zip(said.pieces, ("M", "S"), strict=True))
    _save(alice, item.pk, replace(said, pieces=swapped))
    again = details_of(Item.objects.get(pk=item.pk))
    assert [piece.id for piece in again.pieces] == before
    assert [piece.name for piece in again.pieces] == ["M", "S"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"price_minor": 0}, "price"),
        ({"price_minor": -1}, "price"),
        ({"price_minor": MOST_PRICE + 1}, "price"),
        ({"price_minor": 10**12}, "price"),
        ({"title": "x" * 81}, "title"),
        ({"title": "bad\x00title"}, "title"),
        ({"description": "x" * 4001}, "description"),
        ({"region": "\x1b[31m"}, "region"),
        ({"category": "weapons"}, "category"),
        ({"condition": "mint"}, "condition"),
        ({"pieces": ()}, "choices"),
        ({"pieces": (Piece("", -1),)}, "stock"),
        ({"pieces": (Piece("", 10**9),)}, "stock"),
        ({"pieces": (Piece("S", 1), Piece("s", 1))}, "choices"),
        ({"pieces": (Piece("S", 1), Piece("", 1))}, "choices"),
        ({"pieces": (Piece("S", 1, 0),)}, "choices"),
        ({"pieces": tuple(Piece(str(n), 1) for n in range(21))}, "choices"),
        ({"deliveries": ((Delivery.PARCEL, -1, 3),)}, "delivery"),
        ({"deliveries": ((Delivery.PARCEL, 499, 61),)}, "delivery"),
        ({"deliveries": ((Delivery.PARCEL, 1, 1), (Delivery.PARCEL, 2, 1))}, "delivery"),
    ],
)
def test_wrong_details_change_nothing(wrong: dict[str, Any], field: str) -> None:
    alice = _alice()
    item = _save(alice, uuid7())
    with pytest.raises(InvalidItem) as refused:
        _save(alice, item.pk, replace(LAMP, **wrong))
    assert list(refused.value.extra["fields"]) == [field]
    assert replace(details_of(Item.objects.get(pk=item.pk)), pieces=LAMP.pieces) == LAMP


def test_publishing_makes_it_findable_and_pausing_hides_it() -> None:
    alice, bob = _alice(), members.bob()
    item = _draft(alice)
    assert _step(alice, item.pk, Step.PUBLISH).state == State.AVAILABLE
    assert _step(alice, item.pk, Step.PUBLISH).state == State.AVAILABLE
    assert _is_found(item)
    assert search.matching("item", "lamp") is not None
    assert _step(alice, item.pk, Step.PAUSE).state == State.INACTIVE_SELLER
    assert not _is_found(item)
    with pytest.raises(NotFound):
        services.like(member_id=bob.pk, item_id=item.pk)
    assert _step(alice, item.pk, Step.RESUME).state == State.AVAILABLE
    assert _step(alice, item.pk, Step.END).state == State.DRAFT
    services.delete_draft(seller_id=alice.pk, item_id=item.pk)
    assert not Item.objects.exists()
    assert not MediaFile.objects.exists()


def test_an_offer_cannot_become_half_a_one() -> None:
    alice = _alice()
    item = _draft(alice)
    _step(alice, item.pk, Step.PUBLISH)
    for half in ({"title": ""}, {"price_minor": None}, {"deliveries": ()}, {"pieces": (Piece("", 0),)}):
        with pytest.raises(NotReady):
            _save(alice, item.pk, replace(LAMP, **half))  # type: ignore[arg-type]
    with pytest.raises(StepImpossible):
        services.remove_picture(seller_id=alice.pk, item_id=item.pk, image_id=item.images.get().pk)
    with pytest.raises(StepImpossible):
        services.delete_draft(seller_id=alice.pk, item_id=item.pk)


def test_nothing_changes_while_somebody_is_buying() -> None:
    alice, bob = _alice(), members.bob()
    item = _draft(alice)
    _step(alice, item.pk, Step.PUBLISH)
    _hold(item, bob)
    for act in (
        lambda: _save(alice, item.pk, replace(LAMP, price_minor=9_999)),
        lambda: _step(alice, item.pk, Step.END),
        lambda: services.add_picture(seller_id=alice.pk, item_id=item.pk, data=pictures.picture()),
        lambda: services.remove_picture(seller_id=alice.pk, item_id=item.pk, image_id=uuid4()),
    ):
        with pytest.raises(ItemHeld):
            act()
    clock.shift(15 * 60_000)
    assert _save(alice, item.pk, replace(LAMP, price_minor=9_999)).price_minor == 9_999


def test_an_older_page_overwrites_nothing_but_its_own_words() -> None:
    alice = _alice()
    item = _save(alice, uuid7(), page="one")
    seen = item.version
    newer = _save(alice, item.pk, replace(LAMP, title="Newer"), version=seen, page="two")
    with pytest.raises(ItemChanged):
        _save(alice, item.pk, replace(LAMP, title="Older"), version=seen, page="one")
    assert _save(alice, item.pk, replace(LAMP, title="Newest"), version=seen, page="two").title == "Newest"
    with pytest.raises(ItemChanged):
        _save(alice, item.pk, version=newer.version, page="")


def test_nobody_touches_what_is_somebody_elses() -> None:
    alice, bob = _alice(), market.seller(members.bob())
    item = _draft(alice)
    image = item.images.get()
    for act in (
        lambda: _save(bob, item.pk),
        lambda: _step(bob, item.pk, Step.PUBLISH),
        lambda: services.delete_draft(seller_id=bob.pk, item_id=item.pk),
        lambda: services.add_picture(seller_id=bob.pk, item_id=item.pk, data=pictures.picture()),
        lambda: services.remove_picture(seller_id=bob.pk, item_id=item.pk, image_id=image.pk),
        lambda: services.arrange_pictures(seller_id=bob.pk, item_id=item.pk, order=[image.pk]),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(VerificationRequired):
        _save(members.dana(), uuid7())
    with pytest.raises(InvalidInput):
        _save(alice, uuid4())


def test_pictures_tell_nothing_but_what_they_show() -> None:
    alice = _alice()
    item = _save(alice, uuid7())
    for number in range(8):
        services.add_picture(
            seller_id=alice.pk, item_id=item.pk, data=pictures.with_secrets(), alt=f"Side {number}"
        )
    with pytest.raises(TooManyPictures):
        services.add_picture(seller_id=alice.pk, item_id=item.pk, data=pictures.picture())
    for image in item.images.all():
        for media_id in (image.media_id, image.small_id):
            assert pictures.CANARY.encode() not in read_bytes(media_id)
    last = item.images.get(alt="Side 7")
    services.arrange_pictures(
        seller_id=alice.pk, item_id=item.pk, order=[last.pk], alts={last.pk: "The front"}
    )
    assert list(item.images.order_by("position").values_list("alt", flat=True))[:2] == ["The front", "Side 0"]
    services.remove_picture(seller_id=alice.pk, item_id=item.pk, image_id=last.pk)
    services.remove_picture(seller_id=alice.pk, item_id=item.pk, image_id=last.pk)
    assert (item.images.count(), MediaFile.objects.count()) == (7, 14)


@pytest.mark.parametrize("data", [b"", b"<html><script>", b"GIF89a", pictures.pixel_bomb()], ids=len)
def test_what_is_no_picture_is_refused_and_nothing_is_left(data: bytes) -> None:
    alice = _alice()
    item = _save(alice, uuid7())
    with pytest.raises(ApplicationError) as refused:
        services.add_picture(seller_id=alice.pk, item_id=item.pk, data=data)
    assert refused.value.status in (413, 415, 422)
    assert not ItemImage.objects.exists()
    assert not MediaFile.objects.exists()


def test_likes_count_once_and_are_taken_back() -> None:
    alice, bob = _alice(), members.bob()
    item = market.item(alice)
    for act in (services.like, services.like, services.unlike, services.unlike, services.like):
        act(member_id=bob.pk, item_id=item.pk)
    from beyou.marketplace.queries import item_for

    assert item_for(bob.pk, item.pk).is_favourite
    assert not item_for(alice.pk, item.pk).is_favourite


def test_who_is_erased_leaves_nothing_on_the_market() -> None:
    alice, bob = _alice(), members.bob()
    item = _draft(alice)
    _step(alice, item.pk, Step.PUBLISH)
    services.like(member_id=bob.pk, item_id=item.pk)
    from django.db import transaction

    from beyou.core.events import publish

    with transaction.atomic():
        publish(UserErased(alice.pk))
    events.drain()
    assert not Item.objects.exists()
    assert not MediaFile.objects.exists()
    assert not _is_found(item)


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_is_saved_twice_at_once_is_made_once() -> None:
    alice = _alice()
    item_id, problems = uuid7(), []

    def save() -> None:
        try:
            _save(alice, item_id, page="one")
        except ApplicationError as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert Variant.objects.filter(item_id=item_id).count() == 1


def test_the_index_is_built_again_from_the_items() -> None:
    alice = _alice()
    listed, draft = market.item(alice), market.item(alice, state=State.DRAFT)
    services_index.index_item(listed)
    search_services.put(kind="item", ref=uuid4(), text="A ghost of an item")
    out = StringIO()
    call_command("reindex", stdout=out)
    assert "1 items can be found." in out.getvalue()
    assert (_is_found(listed), _is_found(draft), Document.objects.count()) == (True, False, 1)
