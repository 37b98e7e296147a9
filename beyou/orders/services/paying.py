"""Paying an order once: each try is a row first, so that a crash or a repeat finds it again."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import transaction

from beyou.core import clock
from beyou.core.errors import ApplicationError
from beyou.core.events import publish
from beyou.core.ids import uuid7
from beyou.core.transactions import retried
from beyou.marketplace import services as market
from beyou.notifications.rules import Kind
from beyou.offers import services as offers
from beyou.orders import queries, rules
from beyou.orders.errors import HoldOver, OrderMoved, TotalChanged
from beyou.orders.events import OrderPaid
from beyou.orders.locks import lock_order, lock_order_of
from beyou.orders.models import Order, OrderLine, PaymentAttempt, SubOrder
from beyou.orders.rules import Actor, AttemptState, OrderState, OrderStep, State, Verdict, What
from beyou.orders.services.cart import take_out
from beyou.orders.services.checkout import _OVER, Choices, choose, hold, prolong, time_left
from beyou.orders.services.telling import note, notify_buyer, notify_seller, tell_order
from beyou.payments import services as payments

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Paying:
    """Where the buyer goes on: to the page where they pay, or to the order that is paid already."""

    number: str
    address: str
    is_paid: bool = False


def pay(*, member_id: UUID, number: str, choices: Choices, seen_minor: int) -> Paying:
    """The buyer can pay the order now; a repeat, from another tab too, leads to the same payment.

    Nothing is charged when it raises: `NotFound`; `OrderMoved` for a cancelled order; `TotalChanged` unless
    `seen_minor` is what it costs; `HoldOver`; `ItemsGone`; `GatewayAway` and what else payments raise.
    """
    choose(member_id=member_id, number=number, choices=choices)
    with transaction.atomic():
        order = lock_order_of(member_id, number)
        if order.state == OrderState.PAID:
            return Paying(number, "", is_paid=True)
        if order.state == OrderState.CANCELLED:
            raise OrderMoved("This order was cancelled. Your cart has what you had in it.")
        attempt = queries.current_attempt(order) if order.state == OrderState.PAYING else None
        if attempt is None:
            attempt = _begin(order, seen_minor)
    return Paying(number, attempt.address or _open_payment(attempt, order))


def _begin(order: Order, seen_minor: int) -> PaymentAttempt:
    """A new try of a locked, pending order."""
    if seen_minor != order.total_minor:
        raise TotalChanged("It is shown here as it is now. Nothing was charged: look, then pay.")
    if order.held_until is None:
        # Given back when the last try failed; whoever is fast enough has it again.
        hold(order)
    if not queries.is_held(order):
        raise HoldOver(_OVER)
    if time_left(order) <= rules.LAST_CALL and not order.is_extended:
        prolong(order)
    state = rules.order_after(OrderState(order.state), OrderStep.PAY, Actor.BUYER)
    if state is None:
        raise OrderMoved("It cannot be paid now.")
    attempt = PaymentAttempt(id=uuid7(), order=order, amount_minor=order.total_minor)
    attempt.shares = [
        [
            str(rules.share_reference(attempt.pk, part.pk)),
            str(part.seller_id),
            part.total_minor,
            part.fee_minor,
        ]
        for part in order.parts.order_by("id")
    ]
    attempt.save(force_insert=True)
    order.state, order.attempt_id, order.failure = state.value, attempt.pk, ""
    order.save()
    note(order, What.PAYING, Actor.BUYER, actor_id=order.buyer_id)
    return attempt


def _money(part: SubOrder) -> tuple[int, int]:
    """What goes to the seller before the fee, and the fee."""
    return part.total_minor, part.fee_minor


def _open_payment(attempt: PaymentAttempt, order: Order) -> str:
    """Where the buyer pays. Outside any transaction, since a gateway may take its time; asking again with
    the same key gives the same payment.
    """
    try:
        started = payments.start_payment(
            payer_id=order.buyer_id,
            reference=attempt.pk,
            amount_minor=attempt.amount_minor,
            currency=order.currency,
            shares=[
                (UUID(seller), amount, fee, UUID(reference))
                for reference, seller, amount, fee in attempt.shares
            ],
            idempotency_key=str(attempt.pk),
            return_path=f"/orders/{order.number}/payment",
        )
    except ApplicationError as error:
        fail(reference=attempt.pk, reason=error.code, keeps_hold=True)
        raise
    PaymentAttempt.objects.filter(id=attempt.pk).update(
        payment_id=started.payment_id, address=started.redirect_url
    )
    return started.redirect_url


@retried
def fail(*, reference: UUID, reason: str, keeps_hold: bool = False) -> None:
    """A try failed: nothing was charged, the order waits again, its own things are free, and cart and address
    are kept. A repeat, or a failure of a try that does not count any more, changes nothing.
    """
    found = _attempt(reference)
    if found is None:
        return
    order, attempt = found
    if attempt.state != AttemptState.STARTED:
        return
    attempt.state, attempt.reason = AttemptState.FAILED.value, reason[:40]
    attempt.save(update_fields=["state", "reason"])
    state = rules.order_after(OrderState(order.state), OrderStep.FAIL, Actor.GATEWAY)
    if state is None or order.attempt_id != attempt.pk:
        return
    order.state, order.attempt_id, order.failure = state.value, None, reason[:40]
    if not keeps_hold:
        order.held_until = None
        market.release(order_id=order.pk)
    order.save()
    note(order, What.FAILED, Actor.GATEWAY, detail=reason)


def _attempt(reference: UUID) -> tuple[Order, PaymentAttempt] | None:
    """The order of a try, locked, and the try as it is then; None for a reference that is not ours."""
    order_id = PaymentAttempt.objects.filter(id=reference).values_list("order_id", flat=True).first()
    if order_id is None:
        log.warning("orders.unknown_reference", reference=str(reference))
        return None
    return lock_order(order_id), PaymentAttempt.objects.get(id=reference)


@retried
def settle(*, payment_id: UUID, reference: UUID) -> None:
    """A try succeeded: the things are sold, the order is paid and both sides know; or, when it came too late,
    the money goes back. A repeat changes nothing.
    """
    found = _attempt(reference)
    if found is None:
        return
    order, attempt = found
    verdict = rules.judge_success(
        AttemptState(attempt.state),
        OrderState(order.state),
        is_current=order.attempt_id == attempt.pk,
        is_held=queries.is_held(order),
    )
    if verdict is Verdict.KNOWN:
        return
    attempt.payment_id = payment_id
    if verdict is Verdict.ACCEPT and _consume(order):
        _accept(order, attempt)
    else:
        _send_back(order, attempt, payment_id)


def _consume(order: Order) -> bool:
    """What the order and its agreed offers hold is sold. False when one of the holds is over."""
    offer_ids = queries.offers_in(order)
    own = [order.pk] if queries.own_units(order, offer_ids) else []
    if not market.consume(holders=[*own, *offer_ids]):
        return False
    offers.buy(offer_ids=offer_ids)
    return True


def _accept(order: Order, attempt: PaymentAttempt) -> None:
    moment = clock.now()
    attempt.state = AttemptState.SETTLED.value
    attempt.save(update_fields=["state", "payment_id"])
    order.state, order.open_of, order.paid_at = OrderState.PAID.value, None, moment
    order.save()
    parts = list(order.parts.order_by("id"))
    for part in parts:
        part.state = State.PAID.value
        part.share_reference = rules.share_reference(attempt.pk, part.pk)
        part.ship_by = moment + rules.SHIP_WITHIN
        part.save()
        notify_seller(part, Kind.SOLD, actor_id=order.buyer_id)
    bought: dict[UUID, int] = {}
    for line in OrderLine.objects.filter(part__order=order):
        bought[line.variant_id] = bought.get(line.variant_id, 0) + line.quantity
    take_out(member_id=order.buyer_id, bought=bought)
    offers.take_out(order_id=order.pk)
    note(order, What.PAID, Actor.GATEWAY)
    tell_order(order, parts)
    notify_buyer(order, Kind.ORDER_PAID)
    publish(OrderPaid(order.pk))


def _send_back(order: Order, attempt: PaymentAttempt, payment_id: UUID) -> None:
    """The whole of a payment that came too late goes back, share by share."""
    is_current = order.attempt_id == attempt.pk
    attempt.state = AttemptState.RETURNED.value
    attempt.save(update_fields=["state", "payment_id"])
    for reference, _, amount, _ in attempt.shares:
        payments.refund(
            payment_id=payment_id,
            share_reference=UUID(reference),
            amount_minor=amount,
            reason="too_late",
            idempotency_key=f"late-{reference}",
        )
    state = rules.order_after(OrderState(order.state), OrderStep.FAIL, Actor.GATEWAY)
    if is_current and state is not None:
        order.state, order.attempt_id = state.value, None
    if order.state == OrderState.PENDING:
        order.failure = "returned"
    order.save()
    note(order, What.RETURNED, Actor.GATEWAY)
    notify_buyer(order, Kind.PAYMENT_RETURNED)
