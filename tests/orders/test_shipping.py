"""From the payment to the delivery: who may do what when, and where the money is then."""

import datetime as dt

import pytest

from beyou.core import clock
from beyou.core.errors import InvalidInput, NotFound
from beyou.marketplace.models import Item, Variant
from beyou.notifications.models import Notification
from beyou.orders import queries, rules, services
from beyou.orders.errors import OrderMoved
from beyou.orders.models import Order, OrderEvent, SubOrder
from beyou.sandbox.models import BankRefund
from beyou.users.models import User
from tests.orders.test_checkout import later
from tests.orders.world import balance, buy, offer, settle_down, trader

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def part(alice: User, bob: User) -> SubOrder:
    """What bob bought from alice and paid for."""
    return buy(bob, offer(alice, stock=2)).parts.select_related("order").get()


def ship(part: SubOrder, tracking: str = "3SABC123") -> None:
    services.ship(seller_id=part.seller_id, number=part.number, carrier="Post", tracking=tracking)
    part.refresh_from_db()


def test_the_seller_ships_and_the_buyer_confirms_and_the_money_moves(
    alice: User, bob: User, part: SubOrder
) -> None:
    ship(part)
    assert (part.state, part.tracking) == ("shipped", "3SABC123")
    assert balance("seller", str(alice.pk)) == 0
    services.confirm(buyer_id=bob.pk, number=part.number)
    services.confirm(buyer_id=bob.pk, number=part.number)
    part.refresh_from_db()
    assert part.state == "delivered"
    assert balance("escrow", str(alice.pk)) == 0
    assert balance("seller", str(alice.pk)) + balance("fees") == part.total_minor
    assert balance("fees") == part.fee_minor
    told = set(Notification.objects.values_list("member__handle", "kind"))
    assert {("bob", "order_shipped"), ("alice", "order_delivered")} <= told
    whats = list(OrderEvent.objects.filter(part=part).order_by("id").values_list("what", "actor"))
    assert whats == [("shipped", "seller"), ("delivered", "buyer")]


def test_tracking_is_corrected_without_more_time(part: SubOrder) -> None:
    ship(part)
    before = part.confirm_by
    clock.shift(3_600_000)
    ship(part, "3SABC999")
    ship(part, "3SABC999")
    assert (part.tracking, part.confirm_by) == ("3SABC999", before)
    assert part.events.filter(what="corrected").count() == 1


def test_a_parcel_without_a_carrier_is_not_shipped(part: SubOrder) -> None:
    with pytest.raises(InvalidInput):
        services.ship(seller_id=part.seller_id, number=part.number, carrier="  ", tracking="1")
    part.refresh_from_db()
    assert part.state == "paid"


def test_nobody_else_takes_a_step(alice: User, bob: User, part: SubOrder) -> None:
    charlie = trader("charlie")
    for attack in (
        lambda: services.ship(seller_id=bob.pk, number=part.number, carrier="Post", tracking=""),
        lambda: services.ship(seller_id=charlie.pk, number=part.number, carrier="Post", tracking=""),
        lambda: services.confirm(buyer_id=alice.pk, number=part.number),
        lambda: services.confirm(buyer_id=charlie.pk, number=part.number),
        lambda: services.call_off(member_id=charlie.pk, number=part.number),
    ):
        with pytest.raises(NotFound):
            attack()
    # Nothing has arrived that was never sent, and who is not late is not called off by the buyer.
    with pytest.raises(OrderMoved):
        services.confirm(buyer_id=bob.pk, number=part.number)
    with pytest.raises(OrderMoved):
        services.call_off(member_id=bob.pk, number=part.number)


def test_the_deadline_confirms_what_nobody_complained_about(alice: User, part: SubOrder) -> None:
    ship(part)
    later(rules.CONFIRM_WITHIN - dt.timedelta(minutes=1))
    assert services.confirm_due() == 0
    later(rules.CONFIRM_WITHIN + dt.timedelta(minutes=1))
    assert [services.confirm_due(), services.confirm_due()] == [1, 0]
    assert balance("seller", str(alice.pk)) == part.payout_minor
    assert OrderEvent.objects.get(part=part, what="delivered").actor == "clock"


def test_a_seller_calls_off_and_the_buyer_has_everything_back(alice: User, bob: User, part: SubOrder) -> None:
    services.call_off(member_id=alice.pk, number=part.number, reason="It broke.\0")
    settle_down()
    part.refresh_from_db()
    assert part.state == "refunded"
    assert BankRefund.objects.get().amount_minor == part.total_minor
    assert (balance("escrow", str(alice.pk)), balance("seller", str(alice.pk)), balance("fees")) == (0, 0, 0)
    assert Variant.objects.get().stock == 2
    words = [event.shown_detail for event in queries.timeline(part.order_id) if event.shown_detail]
    assert words == ["It broke."]
    assert Notification.objects.filter(member=bob, kind="order_refunded").count() == 1
    with pytest.raises(OrderMoved):
        ship(part)


def test_what_was_sold_out_and_called_off_waits_for_its_seller(alice: User, bob: User) -> None:
    part = buy(bob, offer(alice)).parts.get()
    assert Item.objects.get().state == "sold"
    services.call_off(member_id=alice.pk, number=part.number)
    assert (Item.objects.get().state, Variant.objects.get().stock) == ("inactive_seller", 1)


def test_a_buyer_steps_back_from_a_late_seller_and_the_clock_at_last(bob: User, alice: User) -> None:
    first = buy(bob, offer(alice)).parts.get()
    second = buy(bob, offer(alice, "Mug")).parts.get()
    later(rules.SHIP_WITHIN + dt.timedelta(minutes=1))
    services.call_off(member_id=bob.pk, number=first.number)
    assert services.give_up_due() == 0
    later(rules.GIVE_UP_AFTER + dt.timedelta(minutes=1))
    assert [services.give_up_due(), services.give_up_due()] == [1, 0]
    settle_down()
    assert set(SubOrder.objects.values_list("state", flat=True)) == {"refunded"}
    assert (
        sum(BankRefund.objects.values_list("amount_minor", flat=True))
        == first.total_minor + second.total_minor
    )


def test_one_part_ends_without_the_other(alice: User, bob: User) -> None:
    charlie = trader("charlie")
    order = buy(bob, offer(alice), offer(charlie, "Mug"))
    mine, other = order.parts.get(seller=alice), order.parts.get(seller=charlie)
    ship(mine)
    services.confirm(buyer_id=bob.pk, number=mine.number)
    services.call_off(member_id=charlie.pk, number=other.number)
    settle_down()
    assert balance("seller", str(alice.pk)) == mine.payout_minor
    assert balance("seller", str(charlie.pk)) == 0
    whole = queries.order_of(bob.pk, order.number)
    assert queries.progress_of(whole) == "delivered"


def test_a_seller_sees_only_what_belongs_to_the_sale(alice: User, bob: User) -> None:
    charlie = trader("charlie")
    order = buy(bob, offer(alice), offer(charlie, "Mug"))
    mine, other = order.parts.get(seller=alice), order.parts.get(seller=charlie)
    ship(other)
    seen = queries.timeline(order.pk, mine.pk)
    assert [event.what for event in seen] == ["paid"]


def test_lists_take_as_many_statements_for_two_orders_as_for_seven(alice: User, bob: User) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(number: int) -> tuple[int, int]:
        for index in range(number):
            buy(bob, offer(alice, f"Thing {index}"))
        with CaptureQueriesContext(connection) as bought:
            assert [queries.order_line(order).titles for order in queries.orders_of(bob.pk).items]
        with CaptureQueriesContext(connection) as sold:
            sales = queries.sales_of(alice.pk).items
            assert [(each.titles, each.order.buyer.name) for each in sales]
        return len(bought), len(sold)

    assert count(2) == count(5)


def test_pages_of_orders_show_each_once(alice: User, bob: User) -> None:
    numbers = [buy(bob, offer(alice, f"Thing {index}")).number for index in range(5)]
    first = queries.orders_of(bob.pk, limit=3)
    second = queries.orders_of(bob.pk, before=first.next, limit=3)
    assert [order.number for order in (*first.items, *second.items)] == numbers[::-1]
    assert second.next is None


def test_who_is_erased_leaves_nothing_unshipped_and_no_address(
    alice: User, bob: User, part: SubOrder
) -> None:
    from beyou.orders.reactions import erase_member
    from beyou.users.events import UserErased

    erase_member(UserErased(bob.pk))
    erase_member(UserErased(bob.pk))
    settle_down()
    part.refresh_from_db()
    assert part.state == "refunded"
    assert bytes(Order.objects.get().address) == b""
    assert BankRefund.objects.get().amount_minor == part.total_minor
