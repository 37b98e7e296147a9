"""What a gateway says about a payment becomes true in the books, once, whatever comes twice or too late."""

from uuid import UUID

from django.db import IntegrityError, transaction

from beyou.core import clock, crash
from beyou.core.events import publish
from beyou.payments import gateways, rules
from beyou.payments.errors import GatewayAway
from beyou.payments.events import PaymentFailed, PaymentSettled
from beyou.payments.gateways import Seen
from beyou.payments.models import Payment, Share
from beyou.payments.rules import AccountKey, AccountKind, Move, State
from beyou.payments.services.alerts import raise_alert
from beyou.payments.services.books import post
from beyou.payments.services.refunds import ask_refund
from beyou.payments.services.tasks import SYNC, ask_gateway, does


@does(SYNC)
def sync(payment_id: UUID) -> None:
    """Our books say of the payment what its gateway says. It is asked: call this outside transactions."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.gateway_reference is not None:
        apply(payment_id, gateways.gateway(payment.gateway).look(payment.gateway_reference))
        crash.point("payments.synced")


def look_again(*, payment_id: UUID) -> None:
    """The same for somebody who waits: when the gateway does not answer at once, it is asked again soon."""
    try:
        sync(payment_id)
    except (GatewayAway, IntegrityError):
        with transaction.atomic():
            ask_gateway(SYNC, payment_id)


@transaction.atomic
def apply(payment_id: UUID, seen: Seen) -> State:
    """What was seen is true of the payment, unless it is old news. Returns the state."""
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    state = rules.after(State(payment.state), seen.progress)
    if state is None:
        _compare_refunds(payment, seen)
        return State(payment.state)
    if state is State.SETTLED:
        return _settle(payment, seen)
    payment.state = state.value
    if state not in rules.OPEN:
        payment.open_of, payment.failure = None, (seen.failure or state.value)[:60]
        publish(PaymentFailed(payment.pk, payment.reference, payment.failure))
    payment.save(update_fields=["state", "open_of", "failure"])
    return state


def _settle(payment: Payment, seen: Seen) -> State:
    if (seen.amount_minor, seen.currency) != (payment.amount_minor, payment.currency):
        raise_alert("other_amount", payment.pk, amount_minor=seen.amount_minor, currency=seen.currency)
        return State(payment.state)
    is_second = Payment.objects.filter(open_of=payment.reference).exclude(pk=payment.pk).exists()
    payment.state, payment.settled_at, payment.failure = State.SETTLED.value, clock.now(), ""
    payment.open_of = None if is_second else payment.reference
    payment.save(update_fields=["state", "settled_at", "failure", "open_of"])
    _hold(payment)
    crash.point("payments.settling")
    if is_second:
        # Another attempt pays for the same, or has: nobody pays twice.
        for share in payment.shares.order_by("id"):
            ask_refund(payment, share, share.amount_minor, reason="paid_twice", key=f"twice:{share.pk}")
    else:
        publish(PaymentSettled(payment.pk, payment.reference))
    return State.SETTLED


def _hold(payment: Payment) -> None:
    """The money goes from outside to the buyer, and from the buyer into the escrow of each seller."""
    world = AccountKey(AccountKind.GATEWAY, payment.currency, payment.gateway)
    buyer = AccountKey(AccountKind.BUYER, payment.currency, str(payment.payer_id))
    moves = [Move(world, buyer, payment.amount_minor)]
    for share in payment.shares.order_by("id"):
        escrow = AccountKey(AccountKind.ESCROW, payment.currency, str(share.seller_id))
        moves.append(Move(buyer, escrow, share.amount_minor))
        Share.objects.filter(pk=share.pk).update(held_minor=share.amount_minor)
    post(key=f"settle:{payment.pk}", kind="settled", reference=payment.pk, moves=moves)


def _compare_refunds(payment: Payment, seen: Seen) -> None:
    """More came back at the gateway than we ever asked for: a person must look."""
    asked = sum(payment.shares.values_list("refunded_minor", flat=True))
    if payment.state == State.SETTLED and seen.refunded_minor > asked:
        raise_alert("refunded_elsewhere", payment.pk, seen_minor=seen.refunded_minor, asked_minor=asked)
