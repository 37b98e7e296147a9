"""Checkouts that end without a payment: stopped, given up, or too late."""

from uuid import UUID

from beyou.core import clock
from beyou.core.transactions import retried
from beyou.marketplace import services as market
from beyou.offers import services as offers
from beyou.orders import queries, rules
from beyou.orders.errors import OrderMoved
from beyou.orders.locks import lock_open_order, lock_order, lock_order_of
from beyou.orders.models import Order
from beyou.orders.rules import Actor, AttemptState, OrderState, OrderStep, State, What
from beyou.orders.services.telling import note
from beyou.payments import services as payments


@retried
def stop(*, member_id: UUID) -> None:
    """The buyer does not pay this time; what is held stays so. A success that comes nevertheless is sent
    back. Nothing happens where no payment is under way.
    """
    order = lock_open_order(member_id)
    if order is None:
        return
    state = rules.order_after(OrderState(order.state), OrderStep.FAIL, Actor.BUYER)
    if state is not None:
        drop_attempt(order)
        order.state, order.failure = state.value, "cancelled"
        order.save()
        note(order, What.FAILED, Actor.BUYER, actor_id=member_id)


def drop_attempt(order: Order) -> None:
    """Nobody waits for the current try of a locked order any more."""
    attempt = queries.current_attempt(order)
    if attempt is not None and attempt.state == AttemptState.STARTED:
        attempt.state = AttemptState.DROPPED.value
        attempt.save(update_fields=["state"])
        if attempt.payment_id is not None:
            payments.cancel_payment(payment_id=attempt.payment_id)
    order.attempt_id = None


@retried
def cancel(*, member_id: UUID, number: str) -> None:
    """The order is over before anything was paid, and its things and vouchers are free at once; the cart is
    kept, and so is what an agreed offer holds. A payment that succeeds nevertheless is sent back.

    Raises `NotFound`, and `OrderMoved` for what is paid.
    """
    end_unpaid(lock_order_of(member_id, number), Actor.BUYER)


def end_unpaid(order: Order, actor: Actor) -> None:
    """The same for a locked order. Raises `OrderMoved`."""
    if order.state == OrderState.CANCELLED:
        return
    state = rules.order_after(OrderState(order.state), OrderStep.CANCEL, actor)
    if state is None:
        raise OrderMoved("It is paid. What can be done now stands on the page of the order.")
    drop_attempt(order)
    market.release(order_id=order.pk)
    offers.give_back(order_id=order.pk)
    order.state, order.open_of, order.held_until = state.value, None, None
    order.ended_at = clock.now()
    order.save()
    order.parts.update(state=State.CANCELLED.value, ended_at=order.ended_at)
    note(order, What.CANCELLED, actor, actor_id=order.buyer_id if actor is Actor.BUYER else None)


def expire_due(limit: int = 100) -> int:
    """Orders whose time to pay ran out wait again, and their tries count no more; checkouts that nobody came
    back to are over. Returns how many it looked at.
    """
    moment = clock.now()
    late = Order.objects.filter(state=OrderState.PAYING, held_until__lte=moment)
    old = Order.objects.filter(state=OrderState.PENDING, created_at__lte=moment - rules.KEPT_PENDING)
    ids = [*late.values_list("id", flat=True)[:limit], *old.values_list("id", flat=True)[:limit]]
    for order_id in ids:
        _expire(order_id)
    return len(ids)


@retried
def _expire(order_id: UUID) -> None:
    order = lock_order(order_id)
    if order.state == OrderState.PENDING:
        if order.created_at <= clock.now() - rules.KEPT_PENDING and not queries.is_held(order):
            end_unpaid(order, Actor.CLOCK)
        return
    state = rules.order_after(OrderState(order.state), OrderStep.EXPIRE, Actor.CLOCK)
    if state is None or queries.is_held(order):
        return
    drop_attempt(order)
    market.release(order_id=order.pk)
    order.state, order.failure = state.value, "expired"
    order.save()
    note(order, What.EXPIRED, Actor.CLOCK)


@retried
def leave_checkout(*, member_id: UUID) -> None:
    """What the member has begun to buy and not paid is over."""
    order = lock_open_order(member_id)
    if order is not None:
        end_unpaid(order, Actor.BUYER)


@retried
def drop_between(*, one_id: UUID, other_id: UUID) -> None:
    """Neither of the two goes on with a checkout that holds something of the other, as after a block."""
    for buyer, seller in ((one_id, other_id), (other_id, one_id)):
        order = lock_open_order(buyer)
        if order is not None and order.parts.filter(seller_id=seller).exists():
            end_unpaid(order, Actor.BUYER)


def empty_addresses(*, member_id: UUID) -> None:
    """Nobody reads any more where the member had things sent."""
    Order.objects.filter(buyer_id=member_id).exclude(address=b"").update(address=b"")
