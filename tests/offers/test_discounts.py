"""Bundles and vouchers in carts, orders and papers: exact sums, and one use for one order."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from beyou.blocks.services import block
from beyou.core import clock
from beyou.core.errors import ApplicationError, NotAllowed, NotFound, RateLimited
from beyou.offers import queries, services
from beyou.offers.errors import BadVoucher, UnknownVoucher, VoucherOver
from beyou.offers.models import EnteredVoucher, Voucher, VoucherUse
from beyou.orders import queries as orders
from beyou.orders import services as buying
from beyou.orders.models import Order, SubOrder
from beyou.orders.papers import _rows, invoice_pdf, receipt_pdf
from beyou.payments.queries import fee_for
from beyou.users.models import User
from tests.factories import members
from tests.offers.world import agree, bundles, enter, later, take, voucher
from tests.orders.world import balance, begin, buy, offer, pay, settle_down, trader, use_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def charlie() -> User:
    return trader("charlie", "Charlie Cedar")


def part_of(order: Order) -> SubOrder:
    return SubOrder.objects.get(order=order)


def used(found: Voucher) -> int:
    found.refresh_from_db()
    assert VoucherUse.objects.filter(voucher=found).count() == found.used
    return found.used


def test_a_bundle_is_cheaper_and_the_server_says_so(alice: User, bob: User, charlie: User) -> None:
    bundles(alice, 2, 10)
    lamp, mug, pot = offer(alice), offer(alice, "Mug", price=1005), offer(charlie, "Pot", price=500)
    buying.put(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    buying.put(member_id=bob.pk, variant_id=pot.pk, quantity=1)
    assert dict(orders.cart_for(bob.pk).totals) == {"EUR": 2400 + 450 + 500 + 450}
    order = begin(bob, lamp, mug, pot)
    mine = order.parts.get(seller=alice)
    # A tenth of 34.05 is 3.405: rounded down.
    assert (mine.goods_minor, mine.discount_minor, mine.total_minor) == (3405, 340, 3405 - 340 + 900)
    assert mine.fee_minor == fee_for(3405 - 340)
    assert order.parts.get(seller=charlie).discount_minor == 0
    assert order.total_minor == sum(order.parts.values_list("total_minor", flat=True))


def test_a_voucher_is_part_of_the_sum_and_of_the_papers(alice: User, bob: User) -> None:
    found = voucher(alice, amount=500)
    enter(bob, found)
    order = begin(bob, offer(alice))
    part = part_of(order)
    assert (part.goods_minor, part.discount_minor, part.total_minor) == (2400, 500, 2350)
    (taken,) = part.taken_off
    assert taken.reference == found.pk
    assert found.hint in taken.words
    pay(order)
    use_card(order)
    order.refresh_from_db()
    assert (order.state, used(found), balance("escrow", str(alice.pk))) == ("paid", 1, 2350)
    assert not EnteredVoucher.objects.exists()
    part = orders.part_of(alice.pk, part.number)
    for paper in (receipt_pdf(orders.order_of(bob.pk, order.number), [part], {}), invoice_pdf(part)):
        assert paper.startswith(b"%PDF")
    assert _rows(part) == [
        ("Brass lamp (1 × €24.00)", "€24.00"),
        (taken.words, "−€5.00"),
        ("Delivery: Tracked parcel", "€4.50"),
    ]


def test_bundle_voucher_and_agreed_price_in_one_order(alice: User, bob: User) -> None:
    bundles(alice, 2, 10)
    lamp, mug, pot = offer(alice), offer(alice, "Mug", price=999), offer(alice, "Pot", price=1501)
    agreed = agree(alice, bob, lamp, price=2000)
    enter(bob, voucher(alice, percent=20, minimum=2000))
    buying.put_offer(member_id=bob.pk, offer_id=agreed.pk)
    order = begin(bob, mug, pot)
    part = part_of(order)
    assert [each.amount_minor for each in part.taken_off] == [400, 250, 450]
    assert part.total_minor == 2000 + 2500 - 250 - 450 + part.delivery_minor


def test_the_database_refuses_a_sum_that_does_not_add_up(alice: User, bob: User) -> None:
    part = part_of(begin(bob, offer(alice)))
    for change in ({"discount_minor": 1}, {"discount_minor": -1, "total_minor": 2851}, {"total_minor": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SubOrder.objects.filter(pk=part.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        SubOrder.objects.filter(pk=part.pk).update(discount_minor=2400, total_minor=450)


def test_choosing_another_delivery_keeps_the_discount(alice: User, bob: User) -> None:
    enter(bob, voucher(alice, percent=10))
    order = begin(bob, offer(alice, ways={"parcel": 450, "pickup": 0}))
    number = part_of(order).number
    for name, cost in (("Tracked parcel", 450), ("Pick up in person", 0)):
        choices = buying.Choices(address={}, ways={number: name})
        order = buying.choose(member_id=bob.pk, number=order.number, choices=choices)
        assert order.total_minor == part_of(order).total_minor == 2400 - 240 + cost


def test_one_use_belongs_to_the_order_and_comes_back_when_it_is_cancelled(
    alice: User, bob: User, charlie: User
) -> None:
    found, lamp, mug = voucher(alice, percent=50), offer(alice), offer(alice, "Mug")
    for member in (bob, charlie):
        enter(member, found)
    order = begin(bob, lamp)
    assert used(found) == 1
    assert buying.start(member_id=bob.pk).total_minor == order.total_minor, "its own use counts as free"
    assert used(found) == 1
    buying.put(member_id=charlie.pk, variant_id=mug.pk, quantity=1)
    (group,) = orders.cart_for(charlie.pk).groups
    assert (group.discount_minor, group.voucher_note) == (0, "This voucher is used up.")
    buying.cancel(member_id=bob.pk, number=order.number)
    assert used(found) == 0
    assert buying.start(member_id=charlie.pk).total_minor == 1200 + 450
    assert used(found) == 1


def test_a_voucher_comes_back_when_the_clock_ends_the_checkout(alice: User, bob: User) -> None:
    found = voucher(alice, percent=50)
    enter(bob, found)
    begin(bob, offer(alice))
    later(days=1, minutes=1)
    buying.expire_due()
    assert (used(found), Order.objects.get().state) == (0, "cancelled")


def test_a_voucher_comes_back_when_the_seller_does_not_send_it(alice: User, bob: User) -> None:
    found = voucher(alice, percent=50)
    enter(bob, found)
    order = buy(bob, offer(alice))
    buying.call_off(member_id=alice.pk, number=part_of(order).number)
    settle_down()
    assert used(found) == 0
    enter(bob, found)


def test_each_member_uses_a_voucher_once(alice: User, bob: User, charlie: User) -> None:
    found = voucher(alice, amount=100, uses=5)
    enter(bob, found)
    buy(bob, offer(alice))
    with pytest.raises(VoucherOver):
        enter(bob, found)
    EnteredVoucher.objects.create(member=bob, voucher=found, seller=alice)
    assert part_of(buy(bob, offer(alice, "Mug"))).discount_minor == 0
    enter(charlie, found)
    buy(charlie, offer(alice, "Pot"))
    assert used(found) == 2


def test_codes_are_found_only_by_whom_they_are_for(alice: User, bob: User, charlie: User) -> None:
    found = voucher(alice, percent=10)
    code = queries.code_of(found)
    services.enter(member_id=bob.pk, code=f"  {code.lower().replace('-', ' ')} ")
    with pytest.raises(NotAllowed):
        services.enter(member_id=alice.pk, code=code)
    for strange in ("", "\0", "A" * 5000, code[:-1], "' OR 1=1 --"):
        with pytest.raises(UnknownVoucher):
            services.enter(member_id=bob.pk, code=strange)
    block(member_id=alice.pk, other_id=charlie.pk)
    with pytest.raises(UnknownVoucher):
        services.enter(member_id=charlie.pk, code=code)
    row = repr(list(Voucher.objects.values_list()))
    assert code.replace("-", "") not in row
    assert code not in row


def test_codes_cannot_be_guessed(alice: User, bob: User) -> None:
    codes = {queries.code_of(voucher(alice, percent=10)) for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 14 for code in codes)
    for _ in range(20):
        with pytest.raises(UnknownVoucher):
            services.enter(member_id=bob.pk, code="ABCD-EFGH-JKMN")
    with pytest.raises(RateLimited):
        services.enter(member_id=bob.pk, code=codes.pop())


def test_a_voucher_has_a_time_and_an_end(alice: User, bob: User) -> None:
    moment = clock.now()
    found = voucher(
        alice, percent=10, begins_at=moment + dt.timedelta(days=1), ends_at=moment + dt.timedelta(days=2)
    )
    with pytest.raises(VoucherOver):
        enter(bob, found)
    later(days=1, hours=1)
    enter(bob, found)
    buying.put(member_id=bob.pk, variant_id=offer(alice).pk, quantity=1)
    assert orders.cart_for(bob.pk).groups[0].discount_minor == 240
    later(days=2, hours=1)
    (group,) = orders.cart_for(bob.pk).groups
    assert (group.discount_minor, group.voucher_note) == (0, "This voucher is over.")


def test_an_ended_voucher_is_used_no_more_and_its_orders_stay(alice: User, bob: User, charlie: User) -> None:
    found, unused = voucher(alice, percent=10, uses=5), voucher(alice, percent=10)
    enter(bob, found)
    order = begin(bob, offer(alice))
    with pytest.raises(NotFound):
        services.end_voucher(seller_id=charlie.pk, voucher_id=found.pk)
    for _ in range(2):
        services.end_voucher(seller_id=alice.pk, voucher_id=found.pk)
    services.end_voucher(seller_id=alice.pk, voucher_id=unused.pk)
    assert list(Voucher.objects.all()) == [found]
    with pytest.raises(VoucherOver):
        enter(charlie, found)
    assert part_of(order).discount_minor == 240
    pay(order)
    use_card(order)
    order.refresh_from_db()
    assert order.state == "paid"


def test_a_later_voucher_of_the_same_seller_takes_the_place(alice: User, bob: User, charlie: User) -> None:
    small, large, other = voucher(alice, percent=10), voucher(alice, percent=20), voucher(charlie, percent=5)
    for each in (small, large, other):
        enter(bob, each)
    buying.put(member_id=bob.pk, variant_id=offer(alice).pk, quantity=1)
    cart = orders.cart_for(bob.pk)
    assert cart.groups[0].discount_minor == 480
    assert [each.voucher for each in cart.idle] == [other]
    services.remove(member_id=bob.pk, voucher_id=large.pk)
    assert orders.cart_for(bob.pk).groups[0].discount_minor == 0


def test_a_minimum_is_explained_in_the_cart(alice: User, bob: User) -> None:
    enter(bob, voucher(alice, percent=10, minimum=5000))
    buying.put(member_id=bob.pk, variant_id=offer(alice, stock=3).pk, quantity=2)
    (group,) = orders.cart_for(bob.pk).groups
    assert (group.discount_minor, group.voucher_note) == (
        0,
        "It counts from €50 on, without what has an agreed price.",
    )
    buying.put(member_id=bob.pk, variant_id=group.lines[0].line.variant_id, quantity=3)
    assert orders.cart_for(bob.pk).groups[0].discount_minor == 720


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"percent": 10, "uses": 0}, "uses"),
        ({"percent": 10, "uses": 10**9}, "uses"),
        ({"percent": 91}, "percent"),
        ({}, "amount"),
        ({"percent": 10, "ends_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "ends"),
    ],
)
def test_a_strange_voucher_is_explained_at_its_field(
    alice: User, options: dict[str, object], field: str
) -> None:
    with pytest.raises(BadVoucher) as refused:
        voucher(alice, **options)  # type: ignore[arg-type]
    assert field in refused.value.extra["fields"]
    assert not Voucher.objects.exists()


def test_who_is_not_verified_makes_and_uses_none() -> None:
    dana = members.dana()
    with pytest.raises(ApplicationError):
        voucher(dana, percent=10)


def test_an_agreement_survives_a_voucher_that_was_lost(alice: User, bob: User, charlie: User) -> None:
    found, lamp, mug = voucher(alice, percent=10), offer(alice), offer(alice, "Mug")
    made = agree(alice, bob, lamp)
    enter(bob, found)
    assert take(bob, made).total_minor == 2450
    assert used(found) == 0, "it takes nothing off an agreed price, so it is not used up"
    enter(charlie, found)
    begin(charlie, mug)
    assert used(found) == 1
