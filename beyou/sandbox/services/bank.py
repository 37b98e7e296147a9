"""What a caller of the bank may ask. Every request is idempotent by its key."""

import secrets
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum

from beyou.core import clock
from beyou.payments.errors import GatewayRefused
from beyou.payments.gateways import Charge, Opened, Seen, Sent
from beyou.payments.rules import Progress, Step
from beyou.sandbox import rules
from beyou.sandbox.models import BankCharge, BankPayout, BankRefund
from beyou.sandbox.services.notices import tell

PAGE = "/sandbox/pay/"


def open_charge(charge: Charge, return_path: str) -> Opened:
    """There is a page where somebody can pay. Raises `GatewayRefused` for a key of another charge."""
    made = BankCharge(
        reference=f"sbx-{secrets.token_urlsafe(24)}",
        key=charge.payment_id,
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        return_path=return_path,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        made = BankCharge.objects.get(key=charge.payment_id)
        if (made.amount_minor, made.currency) != (charge.amount_minor, charge.currency):
            raise GatewayRefused("key_reused") from None
    return Opened(made.reference, PAGE + made.reference)


def look(reference: str) -> Seen:
    """How the charge stands at this moment. Raises `GatewayRefused` for one that the bank does not know."""
    return _seen(_charge(reference))


@transaction.atomic
def cancel(reference: str) -> Seen:
    """Nobody can pay any more, unless somebody has or is about to, which the answer says."""
    charge = locked(reference)
    if charge.progress == Progress.OPEN:
        charge.progress, charge.failure = Progress.CANCELLED.value, "cancelled"
        charge.save(update_fields=["progress", "failure"])
        tell(charge)
    return _seen(charge)


@transaction.atomic
def refund(reference: str, amount_minor: int, key: UUID) -> Sent:
    """So much went back, once for the key. Raises `GatewayRefused` for more than is left."""
    charge = locked(reference)
    known = BankRefund.objects.filter(key=key).first()
    if known is not None:
        if (known.charge_id, known.amount_minor) != (charge.pk, amount_minor):
            raise GatewayRefused("key_reused")
        return Sent(Step.DONE)
    seen = _seen(charge)
    if seen.progress is not Progress.PAID or seen.refunded_minor + amount_minor > charge.amount_minor:
        raise GatewayRefused("charge_not_refundable")
    BankRefund.objects.create(charge=charge, key=key, amount_minor=amount_minor)
    tell(charge, kind="charge.refunded")
    return Sent(Step.DONE)


def pay_out(amount_minor: int, currency: str, key: UUID) -> Sent:
    """So much went to a pretend account, once for the key."""
    made = BankPayout(key=key, amount_minor=amount_minor, currency=currency)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        made = BankPayout.objects.get(key=key)
        if (made.amount_minor, made.currency) != (amount_minor, currency):
            raise GatewayRefused("key_reused") from None
    return Sent(Step.DONE)


def locked(reference: str) -> BankCharge:
    """The charge, which nobody else changes until the transaction ends. Raises `GatewayRefused`."""
    charge = BankCharge.objects.select_for_update().filter(reference=reference).first()
    if charge is None:
        raise GatewayRefused("no_such_charge")
    return charge


def _charge(reference: str) -> BankCharge:
    charge = BankCharge.objects.filter(reference=reference).first()
    if charge is None:
        raise GatewayRefused("no_such_charge")
    return charge


def _seen(charge: BankCharge) -> Seen:
    back = charge.refunds.aggregate(total=Sum("amount_minor"))["total"] or 0
    progress = rules.stands(Progress(charge.progress), charge.settles_at, clock.now())
    return Seen(progress, charge.amount_minor, charge.currency, int(back), charge.failure)
