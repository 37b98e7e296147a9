"""What the copy of a member's data says of offers, what an erasure leaves, and what live pages hear."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from beyou.core import personal
from beyou.core.personal import parts
from beyou.core.ports import realtime
from beyou.marketplace.models import Reservation
from beyou.offers import queries, services
from beyou.offers.models import EnteredVoucher, Offer, OfferMove, OfferThing, Voucher, VoucherUse
from beyou.offers.rules import Step
from beyou.orders.models import SubOrder
from tests.offers.world import agree, ask, enter, free, say, voucher
from tests.orders.world import buy, offer, trader

pytestmark = pytest.mark.django_db


def copy_of(member_id: UUID) -> dict[str, Any]:
    """Every file of the market's parts, by path."""
    mine = [part for part in parts() if part.name in ("market", "orders", "offers")]
    assert len(mine) == 3
    return {file.path: json.loads(b"".join(file.chunks)) for part in mine for file in part.files(member_id)}


def test_the_copy_has_what_each_room_of_the_market_keeps() -> None:
    alice, bob = trader("alice"), trader("bob")
    made, found = agree(alice, bob, offer(alice)), voucher(alice, percent=10)
    enter(bob, found)
    buy(bob, offer(alice, "Mug"))
    enter(bob, voucher(alice, percent=5))
    seller, buyer = copy_of(alice.pk), copy_of(bob.pk)
    assert {item["title"] for item in seller["market/items.json"]} == {"Brass lamp", "Mug"}
    for copy, side in ((seller, "seller"), (buyer, "buyer")):
        (told,) = copy["market/offers.json"]
        assert (told["side"], told["state"], told["price_minor"]) == (side, "accepted", made.price_minor)
        assert [move["what"] for move in told["moves"]] == ["offered", "accepted"]
    assert queries.code_of(found) in {each["code"] for each in seller["market/vouchers.json"]}
    assert buyer["market/vouchers.json"] == []
    assert len(buyer["market/vouchers-used.json"]) == 2
    (bought,) = buyer["market/bought.json"]
    assert bought["parts"][0]["discount_minor"] == 240


def test_two_parts_of_a_copy_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="already"):

        @personal.part("offers")
        def again(_: UUID) -> Iterable[Any]:
            return []


@pytest.mark.parametrize("who", ["seller", "buyer"])
def test_an_erasure_leaves_no_offer_hold_or_voucher(who: str) -> None:
    alice, bob, charlie = trader("alice"), trader("bob"), trader("charlie")
    lamp, mug = offer(alice), offer(alice, "Mug")
    agree(alice, bob, lamp)
    ask(bob, mug)
    found = voucher(alice, percent=10)
    enter(bob, found)
    buy(bob, offer(alice, "Pot"))
    enter(bob, voucher(alice, percent=20))
    services.erase_member(member_id=alice.pk if who == "seller" else bob.pk)
    for table in (Offer, OfferThing, OfferMove, VoucherUse, EnteredVoucher, Reservation):
        assert not table.objects.exists(), table
    assert Voucher.objects.exists() == (who == "buyer")
    assert free(charlie, lamp) == 1
    part = SubOrder.objects.get()
    assert part.taken_off[0].amount_minor == part.discount_minor == 240


class Heard(realtime.NoSockets):
    def __init__(self) -> None:
        self.rooms: list[str] = []

    def publish(self, rooms: Iterable[str], payload: bytes) -> None:
        frame = json.loads(payload)
        if frame["type"] == "offer":
            assert set(frame) == {"type", "offer"}, "a frame only says: look again"
            self.rooms += rooms


@pytest.mark.django_db(transaction=True)
def test_both_sides_hear_of_each_step_and_nobody_else() -> None:
    alice, bob = trader("alice"), trader("bob")
    lamp, heard = offer(alice), Heard()
    usual = realtime.use(heard)
    try:
        made = ask(bob, lamp)
        say(alice, made, Step.COUNTER, 2200)
        say(bob, made, Step.ACCEPT)
        say(bob, made, Step.WITHDRAW)
    finally:
        realtime.use(usual)
    both = [realtime.member_room(bob.pk), realtime.member_room(alice.pk)]
    assert heard.rooms == both * 4
