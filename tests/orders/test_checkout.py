"""From the cart to the payment: held once, paid once, and nothing lost when it goes wrong."""

import datetime as dt

import pytest

from beyou.blocks.services import block
from beyou.core import clock
from beyou.core.errors import ApplicationError, NotFound
from beyou.marketplace import queries as market
from beyou.marketplace.models import Item, Reservation, Variant
from beyou.marketplace.services import sweep
from beyou.notifications.models import Notification
from beyou.orders import queries, rules, services
from beyou.orders.errors import (
    BadQuantity,
    EmptyCart,
    HoldOver,
    ItemsGone,
    MixedCurrencies,
    NotExtendable,
    NotForSale,
    OrderMoved,
    OwnItem,
    PaymentUnderWay,
    TotalChanged,
)
from beyou.orders.models import CartLine, Order, OrderLine, PaymentAttempt, Waiting
from beyou.orders.rules import AttemptState, OrderState
from beyou.payments.errors import GatewayAway
from beyou.payments.models import Payment
from beyou.sandbox.models import BankRefund
from beyou.sandbox.rules import Card
from beyou.users.models import User
from tests.orders import world
from tests.orders.world import ADDRESS, balance, begin, buy, offer, pay, settle_down, trader, use_card

pytestmark = pytest.mark.django_db
_MS = dt.timedelta(milliseconds=1)


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def charlie() -> User:
    return trader("charlie", "Charlie Cedar")


def later(span: dt.timedelta) -> None:
    """The clock stands so much later than the true time."""
    clock.shift(span // _MS)


def left(variant: Variant) -> int:
    return market.buyable_for(trader_of_nothing().pk, [variant.pk])[variant.pk].available


def trader_of_nothing() -> User:
    return User.objects.filter(handle="zoe").first() or trader("zoe")


# The cart


@pytest.mark.parametrize("quantity", [0, -1, 1000, 10**9])
def test_nobody_puts_a_strange_quantity_into_the_cart(alice: User, bob: User, quantity: int) -> None:
    with pytest.raises(BadQuantity):
        services.put(member_id=bob.pk, variant_id=offer(alice, stock=5000).pk, quantity=quantity)
    assert not CartLine.objects.exists()


def test_a_cart_takes_no_more_than_there_is_and_nothing_of_ones_own(alice: User, bob: User) -> None:
    lamp = offer(alice, stock=2)
    with pytest.raises(NotForSale, match="only 2"):
        services.put(member_id=bob.pk, variant_id=lamp.pk, quantity=3)
    with pytest.raises(OwnItem):
        services.put(member_id=alice.pk, variant_id=lamp.pk, quantity=1)
    services.add(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    services.add(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    assert queries.cart_count(bob.pk) == 2
    with pytest.raises(NotForSale):
        services.add(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    assert queries.cart_count(bob.pk) == 2


def test_behind_a_block_nothing_is_for_sale_and_the_cart_says_so(alice: User, bob: User) -> None:
    lamp = offer(alice)
    services.put(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    block(member_id=alice.pk, other_id=bob.pk)
    cart = queries.cart_for(bob.pk)
    assert (len(cart.gone), cart.groups, cart.totals) == (1, [], [])
    with pytest.raises(EmptyCart):
        services.start(member_id=bob.pk)
    with pytest.raises(NotForSale):
        services.put(member_id=bob.pk, variant_id=lamp.pk, quantity=1)


def test_a_changed_price_is_announced_until_it_is_accepted(alice: User, bob: User) -> None:
    lamp = offer(alice, price=2400)
    services.put(member_id=bob.pk, variant_id=lamp.pk, quantity=1)
    Item.objects.update(price_minor=2600)
    cart = queries.cart_for(bob.pk)
    assert cart.has_news
    assert cart.lines[0].price_before == 2400
    with pytest.raises(TotalChanged):
        services.start(member_id=bob.pk, seen_minor=2400 + 450)
    assert not Order.objects.exists()
    services.accept_prices(member_id=bob.pk)
    assert not queries.cart_for(bob.pk).has_news
    assert services.start(member_id=bob.pk, seen_minor=2600 + 450).total_minor == 3050


def test_the_cart_takes_as_many_statements_for_two_things_as_for_twelve(
    bob: User, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(number: int) -> int:
        for index in range(number):
            variant = offer(trader(f"seller_{number}_{index}"), f"Thing {index}")
            services.put(member_id=bob.pk, variant_id=variant.pk, quantity=1)
        with CaptureQueriesContext(connection) as seen:
            cart = queries.cart_for(bob.pk)
            assert [group.total_minor for group in cart.groups]
        return len(seen)

    assert count(2) == count(10)


def test_one_checkout_takes_one_currency(alice: User, bob: User) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug", currency="USD", price=900)
    for variant in (lamp, mug):
        services.put(member_id=bob.pk, variant_id=variant.pk, quantity=1)
    with pytest.raises(MixedCurrencies):
        services.start(member_id=bob.pk)
    order = services.start(member_id=bob.pk, currency="USD")
    assert (order.currency, order.total_minor) == ("USD", 1350)


# Holding


def test_a_checkout_holds_everything_for_a_quarter_of_an_hour(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    order = begin(bob, lamp)
    assert order.held_until is not None
    assert left(lamp) == 0
    with pytest.raises(NotForSale):
        services.put(member_id=charlie.pk, variant_id=lamp.pk, quantity=1)
    later(rules.HOLD + _MS)
    # Nobody has swept: time alone decides.
    assert Reservation.objects.exists()
    assert left(lamp) == 1
    other = begin(charlie, lamp)
    assert queries.is_held(other)
    assert not queries.is_held(Order.objects.get(pk=order.pk))


def test_a_hold_is_extended_once(alice: User, bob: User) -> None:
    lamp = offer(alice)
    before = begin(bob, lamp).held_until
    order = services.extend(member_id=bob.pk)
    assert before is not None
    assert order.held_until == before + rules.EXTENSION
    with pytest.raises(NotExtendable):
        services.extend(member_id=bob.pk)
    later(rules.HOLD + _MS)
    assert left(lamp) == 0
    later(rules.HOLD + rules.EXTENSION + _MS)
    assert left(lamp) == 1
    with pytest.raises(HoldOver):
        services.extend(member_id=bob.pk)


def test_beginning_again_does_not_make_the_hold_longer(alice: User, bob: User) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug", stock=3)
    order = begin(bob, lamp)
    later(dt.timedelta(minutes=10))
    again = begin(bob, mug, quantity=2)
    assert (again.pk, again.held_until) == (order.pk, order.held_until)
    assert sorted(OrderLine.objects.values_list("title", "quantity")) == [("Brass lamp", 1), ("Mug", 2)]
    assert {row.variant_id: row.quantity for row in Reservation.objects.all()} == {lamp.pk: 1, mug.pk: 2}


def test_what_somebody_else_holds_is_told_and_the_rest_goes_on(alice: User, bob: User, charlie: User) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug")
    for variant in (lamp, mug):
        services.put(member_id=charlie.pk, variant_id=variant.pk, quantity=1)
    begin(bob, lamp)
    cart = queries.cart_for(charlie.pk)
    assert [(each.line.title, each.can_be_bought) for each in cart.lines] == [
        ("Brass lamp", False),
        ("Mug", True),
    ]
    order = services.start(member_id=charlie.pk)
    assert list(OrderLine.objects.filter(part__order=order).values_list("title", flat=True)) == ["Mug"]


def test_the_loser_is_told_once_when_it_is_free_again(alice: User, bob: User, charlie: User) -> None:
    lamp = offer(alice)
    services.put(member_id=charlie.pk, variant_id=lamp.pk, quantity=1)
    order = begin(bob, lamp)
    services.wait_for(member_id=charlie.pk, variant_id=lamp.pk)
    services.wait_for(member_id=charlie.pk, variant_id=lamp.pk)
    settle_down()
    assert Waiting.objects.count() == 1
    services.cancel(member_id=bob.pk, number=order.number)
    settle_down()
    told = Notification.objects.filter(member=charlie, kind="free_again")
    assert (told.count(), Waiting.objects.count()) == (1, 0)
    begin(bob, lamp)
    later(rules.HOLD + _MS)
    assert sweep() == 1
    settle_down()
    assert told.count() == 1


def test_a_sweep_frees_what_is_over_and_nothing_else(alice: User, bob: User, charlie: User) -> None:
    lamp, mug = offer(alice), offer(alice, "Mug")
    begin(bob, lamp)
    later(dt.timedelta(minutes=10))
    begin(charlie, mug)
    later(rules.HOLD + _MS)
    assert [sweep(), sweep()] == [1, 0]
    assert [row.variant_id for row in Reservation.objects.all()] == [mug.pk]
    assert (left(lamp), left(mug)) == (1, 0)


# Paying


def test_what_is_paid_is_sold_and_both_sides_know(alice: User, bob: User) -> None:
    lamp = offer(alice, stock=3)
    order = begin(bob, lamp, quantity=2)
    started = pay(order)
    assert started.address.startswith("/sandbox/pay/")
    use_card(order)
    order.refresh_from_db()
    part = order.parts.get()
    assert (order.state, order.open_of_id, part.state) == ("paid", None, "paid")
    lamp.refresh_from_db()
    assert (lamp.stock, Reservation.objects.count()) == (1, 0)
    assert not CartLine.objects.exists()
    assert order.total_minor == 2 * 2400 + 450 == balance("escrow", str(alice.pk))
    kinds = set(Notification.objects.values_list("member__handle", "kind"))
    assert {("alice", "sold"), ("bob", "order_paid")} <= kinds
    assert queries.address_of(order) == ADDRESS


def test_the_last_one_makes_the_item_sold(alice: User, bob: User) -> None:
    lamp = offer(alice)
    buy(bob, lamp)
    assert Item.objects.get().state == "sold"
    assert market.buyable_for(bob.pk, [lamp.pk]) == {}


def test_paying_twice_is_one_payment(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice))
    first, second = pay(order), pay(order)
    assert first == second
    use_card(order)
    assert pay(order).is_paid
    assert (Payment.objects.count(), PaymentAttempt.objects.count()) == (1, 1)
    assert balance("escrow", str(alice.pk)) == order.total_minor


def test_an_edited_total_is_refused(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice))
    for total in (0, 1, order.total_minor - 1, order.total_minor + 1):
        with pytest.raises(TotalChanged):
            services.pay(
                member_id=bob.pk,
                number=order.number,
                choices=services.Choices(ADDRESS, {}),
                seen_minor=total,
            )
    assert not Payment.objects.exists()
    assert queries.address_of(Order.objects.get()) == ADDRESS


def test_another_way_of_delivery_costs_what_it_costs(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice, ways={"parcel": 450, "pickup": 0}))
    part = order.parts.get()
    assert (part.delivery_name, order.total_minor) == ("Pick up in person", 2400)
    chosen = services.choose(
        member_id=bob.pk,
        number=order.number,
        choices=services.Choices({}, {part.number: "Tracked parcel", "nonsense": "x"}),
    )
    assert chosen.total_minor == 2850
    same = services.choose(
        member_id=bob.pk, number=order.number, choices=services.Choices({}, {part.number: "Free rocket"})
    )
    assert same.total_minor == 2850


def test_a_declined_card_frees_the_thing_and_keeps_everything_else(
    alice: User, bob: User, charlie: User
) -> None:
    lamp = offer(alice)
    order = begin(bob, lamp)
    pay(order)
    use_card(order, Card.DECLINED)
    order.refresh_from_db()
    assert (order.state, order.failure, order.held_until) == ("pending", "card_declined", None)
    assert left(lamp) == 1
    assert queries.cart_count(bob.pk) == 1
    assert queries.address_of(order) == ADDRESS
    assert balance("escrow", str(alice.pk)) == 0
    # The next is fast enough; the first one is told when trying again.
    other = begin(charlie, lamp)
    with pytest.raises(ItemsGone) as gone:
        pay(order)
    assert gone.value.extra["gone"] == [{"variant": lamp.pk, "left": 0}]
    pay(other)
    use_card(other)
    assert Order.objects.get(pk=other.pk).state == "paid"


def test_after_a_decline_the_buyer_pays_in_another_way(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice))
    pay(order)
    use_card(order, Card.INSUFFICIENT)
    pay(order)
    use_card(order)
    assert Order.objects.get().state == "paid"
    assert Payment.objects.filter(state="settled").count() == 1
    assert sorted(PaymentAttempt.objects.values_list("state", flat=True)) == ["failed", "settled"]


def test_an_expired_hold_is_said_clearly_and_everything_is_kept(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice))
    later(rules.HOLD + _MS)
    with pytest.raises(HoldOver, match="cart"):
        pay(order)
    assert queries.cart_count(bob.pk) == 1
    assert not Payment.objects.exists()
    again = services.start(member_id=bob.pk)
    assert again.pk == order.pk
    pay(again)
    use_card(again)
    assert Order.objects.get().state == "paid"


def test_who_pays_in_the_last_moment_gets_the_extension(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice))
    later(rules.HOLD - dt.timedelta(seconds=30))
    pay(order)
    assert Order.objects.get().is_extended
    later(rules.HOLD + dt.timedelta(minutes=5))
    use_card(order)
    assert Order.objects.get().state == "paid"


def test_a_success_after_the_end_goes_back_and_the_next_buyer_keeps_the_thing(
    alice: User, bob: User, charlie: User
) -> None:
    lamp = offer(alice)
    late = begin(bob, lamp)
    pay(late)
    reference = world.charge_of(late).reference
    later(rules.HOLD + _MS)
    winner = begin(charlie, lamp)
    pay(winner)
    use_card(winner)
    world.counter.pay(reference=reference, card=Card.SUCCESS)
    settle_down()
    late.refresh_from_db()
    assert (Order.objects.get(pk=winner.pk).state, late.state) == ("paid", "pending")
    assert (late.failure, late.attempt_id) == ("returned", None)
    assert BankRefund.objects.get().amount_minor == late.total_minor
    assert balance("escrow", str(alice.pk)) == winner.total_minor
    assert Notification.objects.filter(member=bob, kind="payment_returned").count() == 1
    lamp.refresh_from_db()
    assert lamp.stock == 0


def test_the_sweep_ends_a_payment_that_nobody_finished(alice: User, bob: User) -> None:
    lamp = offer(alice)
    order = begin(bob, lamp)
    pay(order)
    assert services.expire_due() == 0
    later(rules.HOLD + _MS)
    assert services.expire_due() == 1
    settle_down()
    order.refresh_from_db()
    assert (order.state, order.failure, order.attempt_id) == ("pending", "expired", None)
    assert (PaymentAttempt.objects.get().state, Payment.objects.get().state) == ("dropped", "cancelled")
    assert left(lamp) == 1
    later(rules.KEPT_PENDING + dt.timedelta(minutes=1))
    services.expire_due()
    order.refresh_from_db()
    assert (order.state, order.open_of_id) == ("cancelled", None)
    assert queries.cart_count(bob.pk) == 1


def test_a_stopped_payment_that_succeeds_nevertheless_goes_back(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice))
    pay(order)
    reference = world.charge_of(order).reference
    services.stop(member_id=bob.pk)
    # The bank was faster than our wish to call it off.
    world.counter.pay(reference=reference, card=Card.SUCCESS)
    settle_down()
    order.refresh_from_db()
    assert order.state == "pending"
    assert balance("escrow", str(alice.pk)) == 0
    assert BankRefund.objects.get().amount_minor == order.total_minor
    pay(order)
    use_card(order)
    assert Order.objects.get().state == "paid"


def test_an_order_can_be_cancelled_while_it_is_unpaid_and_never_afterwards(alice: User, bob: User) -> None:
    lamp = offer(alice, stock=2)
    for is_paying in (False, True):
        order = begin(bob, lamp)
        if is_paying:
            pay(order)
        services.cancel(member_id=bob.pk, number=order.number)
        services.cancel(member_id=bob.pk, number=order.number)
        settle_down()
        assert Order.objects.get(pk=order.pk).state == "cancelled"
        assert left(lamp) == 2
        with pytest.raises(OrderMoved):
            pay(order)
    order = buy(bob, lamp)
    with pytest.raises(OrderMoved):
        services.cancel(member_id=bob.pk, number=order.number)
    assert left(lamp) == 1


def test_nobody_touches_the_checkout_of_somebody_else(alice: User, bob: User, charlie: User) -> None:
    order = begin(bob, offer(alice))
    choices = services.Choices(ADDRESS, {})
    for attack in (
        lambda: services.pay(member_id=charlie.pk, number=order.number, choices=choices, seen_minor=2850),
        lambda: services.choose(member_id=charlie.pk, number=order.number, choices=choices),
        lambda: services.cancel(member_id=alice.pk, number=order.number),
        lambda: queries.order_of(charlie.pk, order.number),
        lambda: queries.part_of(charlie.pk, order.parts.get().number),
        # A seller knows nothing of an order before it is paid.
        lambda: queries.part_of(alice.pk, order.parts.get().number),
    ):
        with pytest.raises(NotFound):
            attack()


def test_while_a_payment_is_under_way_nothing_is_begun_again(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice))
    pay(order)
    with pytest.raises(PaymentUnderWay):
        services.start(member_id=bob.pk)
    assert Order.objects.get(pk=order.pk).state == OrderState.PAYING


def test_a_bank_that_does_not_answer_charges_nothing_and_keeps_the_hold(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beyou.orders.services import paying

    lamp = offer(alice)
    order = begin(bob, lamp)

    def away(**_: object) -> None:
        raise GatewayAway

    with monkeypatch.context() as patch:
        patch.setattr(paying.payments, "start_payment", away)
        with pytest.raises(GatewayAway):
            pay(order)
    order.refresh_from_db()
    assert (order.state, order.failure) == ("pending", "gateway_away")
    assert queries.is_held(order)
    assert PaymentAttempt.objects.get().state == AttemptState.FAILED
    pay(order)
    use_card(order)
    assert Order.objects.get().state == "paid"


def test_several_sellers_are_paid_to_the_cent(alice: User, charlie: User, bob: User) -> None:
    order = buy(bob, offer(alice, price=3333, stock=9), offer(charlie, "Mug", price=1, stock=9), quantity=3)
    parts = {part.seller.handle: part for part in order.parts.select_related("seller")}
    assert order.total_minor == sum(part.total_minor for part in parts.values()) == 9999 + 450 + 3 + 450
    for handle, part in parts.items():
        assert balance("escrow", str(part.seller_id)) == part.total_minor, handle
        assert part.goods_minor == sum(line.total_minor for line in part.lines.all())


def test_facts_that_are_heard_again_change_nothing(alice: User, bob: User) -> None:
    order = begin(bob, offer(alice, stock=5))
    pay(order)
    attempt = PaymentAttempt.objects.get()
    use_card(order)
    for _ in range(2):
        services.settle(payment_id=Payment.objects.get().pk, reference=attempt.pk)
        services.fail(reference=attempt.pk, reason="card_declined")
    services.fail(reference=bob.pk, reason="of nobody")
    services.settle(payment_id=bob.pk, reference=bob.pk)
    settle_down()
    assert Order.objects.get().state == "paid"
    assert Variant.objects.get().stock == 4
    assert not BankRefund.objects.exists()


def test_after_a_block_neither_goes_on_with_a_checkout(alice: User, bob: User) -> None:
    lamp = offer(alice)
    order = begin(bob, lamp)
    block(member_id=alice.pk, other_id=bob.pk)
    settle_down()
    assert Order.objects.get(pk=order.pk).state == "cancelled"
    assert left(lamp) == 1


def test_an_address_cannot_be_read_in_the_database_nor_moved(alice: User, bob: User, charlie: User) -> None:
    from beyou.core.keyring import Undecryptable

    order, other = begin(bob, offer(alice)), begin(charlie, offer(alice, "Mug"))
    pay(order)
    stored = bytes(Order.objects.get(pk=order.pk).address)
    assert b"Harbour" not in stored
    Order.objects.filter(pk=other.pk).update(address=stored)
    with pytest.raises(Undecryptable):
        queries.address_of(Order.objects.get(pk=other.pk))


def test_every_refusal_says_what_is_kept() -> None:
    for error in (HoldOver, ItemsGone, TotalChanged, NotForSale):
        assert issubclass(error, ApplicationError)
        assert error.status in (409, 422)
