"""Reading payments."""

from uuid import UUID

from beyou.core.errors import NotFound
from beyou.core.ports import options
from beyou.payments import rules
from beyou.payments.models import Payment
from beyou.payments.rules import State


def fee_for(amount_minor: int) -> int:
    """The commission of this instance on an amount."""
    return rules.fee_of(amount_minor, options.number("market_commission"))


def payment_for(member_id: UUID, payment_id: UUID) -> Payment:
    """The payment that the member made. Raises `NotFound` for that of somebody else."""
    payment = Payment.objects.filter(id=payment_id, payer_id=member_id).first()
    if payment is None:
        raise NotFound
    return payment


def state_of(reference: UUID) -> State | None:
    """How far the payment for the reference is: the one that is open or settled, else the last that failed;
    None when nobody tried.
    """
    payment = (
        Payment.objects.filter(open_of=reference).first()
        or Payment.objects.filter(reference=reference).order_by("-id").first()
    )
    return State(payment.state) if payment else None


def can_be_paid(payment: Payment) -> bool:
    """Whether the buyer has something to do on the gateway's page."""
    return payment.state == State.REQUIRES_ACTION and bool(payment.hosted_url)
