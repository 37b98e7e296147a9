"""A buyer begins to pay, and an unpaid payment is called off."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from beyou.core import crash
from beyou.payments import gateways, rules
from beyou.payments.errors import AlreadyPaid, GatewayRefused, KeyReused, PaymentOpen
from beyou.payments.gateways import Charge, Opened, Seen
from beyou.payments.models import Payment, Share
from beyou.payments.rules import Progress, ShareOf, State
from beyou.payments.services.settle import apply
from beyou.payments.services.tasks import CANCEL, ask_gateway, does


@dataclass(frozen=True, slots=True)
class Started:
    """`redirect_url` is a path of ours where the buyer goes on."""

    payment_id: UUID
    redirect_url: str


def start_payment(
    *,
    payer_id: UUID,
    reference: UUID,
    amount_minor: int,
    currency: str,
    shares: Sequence[tuple[UUID, int, int, UUID]],
    idempotency_key: str,
    return_path: str,
) -> Started:
    """The buyer can pay `amount_minor` for `reference`; each share is (seller, amount, fee, reference).

    A repeat under the same key, or of the same charge while one is open, returns the first. Call it outside
    transactions: it asks the gateway. Raises `PaymentsOff`, `GatewayAway` (repeat it under the same key),
    `GatewayRefused`, `AlreadyPaid`, `PaymentOpen`, `KeyReused`, and `ValueError` for what no charge could be.
    """
    parts = [ShareOf(*share) for share in shares]
    rules.check_shares(amount_minor, currency, parts)
    if not url_has_allowed_host_and_scheme(return_path, allowed_hosts=None) or len(return_path) > 200:
        raise ValueError("the buyer comes back to a path of ours")
    wanted = Payment(
        payer_id=payer_id,
        reference=reference,
        open_of=reference,
        amount_minor=amount_minor,
        currency=currency,
        gateway=gateways.chosen().name,
        return_path=return_path,
        idempotency_key=idempotency_key,
        digest=rules.digest(payer_id, reference, amount_minor, currency, parts),
    )
    payment = _recorded(wanted, parts)
    crash.point("payments.recorded")
    if payment.gateway_reference is None and payment.state == State.CREATED:
        payment = opened(payment)
    return Started(payment.pk, _where(payment))


def cancel_payment(*, payment_id: UUID) -> State:
    """The payment is called off at the gateway soon, unless the money is there first. Returns the state;
    `PaymentFailed` or `PaymentSettled` follows. Safe inside a transaction and to repeat.
    """
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=payment_id)
        if State(payment.state) not in rules.OPEN:
            return State(payment.state)
        Payment.objects.filter(pk=payment_id).update(state=State.CANCELLING)
        ask_gateway(CANCEL, payment_id)
        return State.CANCELLING


@does(CANCEL)
def cancel_at_gateway(payment_id: UUID) -> None:
    """The gateway has called the payment off, or said that it is paid."""
    payment = Payment.objects.get(pk=payment_id)
    if State(payment.state) in rules.OPEN:
        if payment.gateway_reference is None:
            # Nobody knows whether the gateway heard of it: asking again under the same key tells.
            payment = opened(payment)
        if payment.gateway_reference is not None:
            seen = gateways.gateway(payment.gateway).cancel(payment.gateway_reference)
            crash.point("payments.cancelled")
            apply(payment.pk, seen)


def _recorded(wanted: Payment, parts: Sequence[ShareOf]) -> Payment:
    """The row of this charge: the one that is there, or a new one. Committed before anybody is asked."""
    with transaction.atomic(durable=True):
        known = _known(wanted)
        if known is not None:
            return known
        try:
            with transaction.atomic():
                wanted.save(force_insert=True)
        except IntegrityError:
            known = _known(wanted)
            if known is None:
                raise
            return known
        Share.objects.bulk_create(
            Share(
                payment=wanted,
                reference=part.reference,
                seller_id=part.seller_id,
                amount_minor=part.amount_minor,
                fee_minor=part.fee_minor,
            )
            for part in parts
        )
        return wanted


def _known(wanted: Payment) -> Payment | None:
    """A payment that makes this one a repeat. Raises for one that stands in its way."""
    same_key = Payment.objects.filter(idempotency_key=wanted.idempotency_key).first()
    if same_key is not None:
        if same_key.digest != wanted.digest:
            raise KeyReused("A payment under this key was about something else.")
        return same_key
    other = Payment.objects.filter(open_of=wanted.reference).first()
    if other is None:
        return None
    if other.state == State.SETTLED:
        raise AlreadyPaid("Nothing was charged again.")
    if other.digest != wanted.digest or other.state == State.CANCELLING:
        raise PaymentOpen("It must end first; that takes a moment. Nothing was charged for this one.")
    return other


def opened(payment: Payment) -> Payment:
    """The payment as the gateway knows it. Asks the gateway, which returns the same for a repeat."""
    gateway = gateways.gateway(payment.gateway)
    back = settings.LINK_ORIGIN + reverse("payments:back", args=[payment.pk])
    try:
        found = gateway.open(Charge(payment.pk, payment.amount_minor, payment.currency, back))
    except GatewayRefused as error:
        # No charge exists, so nothing can succeed later.
        apply(payment.pk, Seen(Progress.FAILED, payment.amount_minor, payment.currency, 0, error.reason))
        raise
    crash.point("payments.opened")
    return _noted(payment.pk, found)


@transaction.atomic
def _noted(payment_id: UUID, found: Opened) -> Payment:
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if payment.gateway_reference is None:
        payment.gateway_reference, payment.hosted_url = found.reference, found.hosted_url
        if payment.state == State.CREATED:
            payment.state = State.REQUIRES_ACTION.value
        payment.save(update_fields=["gateway_reference", "hosted_url", "state"])
    return payment


def _where(payment: Payment) -> str:
    """A path of ours: a form of ours may not lead elsewhere by a redirect (CSP `form-action`)."""
    if State(payment.state) not in rules.OPEN:
        return payment.return_path
    return (
        payment.hosted_url
        if payment.hosted_url.startswith("/")
        else reverse("payments:go", args=[payment.pk])
    )
