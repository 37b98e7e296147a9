"""Money goes back to a buyer."""

from uuid import UUID

from django.db import transaction
from django.db.models import F

from beyou.core import clock, crash
from beyou.core.events import publish
from beyou.payments import gateways, rules
from beyou.payments.errors import GatewayRefused, KeyReused, NotPaid, RefundTooLarge
from beyou.payments.events import PaymentRefunded
from beyou.payments.gateways import Sent
from beyou.payments.models import Payment, Refund, Share
from beyou.payments.rules import AccountKey, AccountKind, Move, State, Step
from beyou.payments.services.alerts import raise_alert
from beyou.payments.services.books import locked, post
from beyou.payments.services.debts import debt_of
from beyou.payments.services.tasks import LOOK_AGAIN_MS, REFUND, ask_gateway, does


@transaction.atomic
def refund(
    *,
    payment_id: UUID,
    share_reference: UUID,
    amount_minor: int,
    reason: str,
    idempotency_key: str,
    may_owe: bool = False,
) -> UUID:
    """So much of the share is on its way back to the buyer; `PaymentRefunded` follows. Returns the refund.

    First what is held for the seller goes back, then of what was released the seller's and the instance's
    part alike. With `may_owe` the instance lays out what the seller was paid out meanwhile, as the seller's
    debt. A repeat under the same key returns the first. Safe inside a transaction. Raises `NotPaid`,
    `RefundTooLarge`, `NotEnoughMoney` (the seller was paid out and may not owe) and `KeyReused`.
    """
    rules.check_amount(amount_minor)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    share = Share.objects.filter(payment=payment, reference=share_reference).first()
    if payment.state != State.SETTLED or share is None:
        raise NotPaid("There is nothing to give back.")
    made = ask_refund(payment, share, amount_minor, reason=reason, key=idempotency_key, may_owe=may_owe)
    return made.pk


def ask_refund(
    payment: Payment, share: Share, amount_minor: int, *, reason: str, key: str, may_owe: bool = False
) -> Refund:
    """The same for a payment whose row is locked."""
    known = Refund.objects.filter(idempotency_key=key).first()
    if known is not None:
        if (known.share_id, known.amount_minor) != (share.pk, amount_minor):
            raise KeyReused("A refund under this key was about something else.")
        return known
    share.refresh_from_db()
    origin = rules.refund_origin(
        amount_minor,
        held_minor=share.held_minor,
        released_minor=share.released_minor,
        fee_taken_minor=share.fee_taken_minor,
    )
    if origin is None:
        left = share.held_minor + share.released_minor
        raise RefundTooLarge(f"Of this share {left} is left.", left_minor=left)
    owed = _missing(payment.currency, share.seller_id, origin) if may_owe and origin.seller else 0
    made = Refund.objects.create(
        share=share,
        amount_minor=amount_minor,
        from_held_minor=origin.held,
        from_seller_minor=origin.seller,
        from_fees_minor=origin.fees,
        from_debt_minor=owed,
        reason=reason[:60],
        idempotency_key=key,
    )
    _count(made, sign=1)
    moves = _moves(payment.currency, share.seller_id, made)
    post(key=f"refund:{made.pk}", kind="refund_asked", reference=made.pk, moves=moves)
    if owed:
        raise_alert("seller_owes", made.pk, amount_minor=owed, currency=payment.currency)
    ask_gateway(REFUND, made.pk)
    crash.point("payments.refund_asking")
    return made


def _missing(currency: str, seller_id: UUID, origin: rules.Origin) -> int:
    """How much of the seller's part is not there; every account that the refund touches is locked now."""
    seller = AccountKey(AccountKind.SELLER, currency, str(seller_id))
    balances = locked(_touched(currency, seller_id))
    return max(0, origin.seller - balances[str(seller)])


def _touched(currency: str, seller_id: UUID) -> list[AccountKey]:
    theirs = (AccountKind.DEBT, AccountKind.ESCROW, AccountKind.SELLER)
    common = (AccountKind.FEES, AccountKind.REFUNDS)
    return [
        *(AccountKey(kind, currency, str(seller_id)) for kind in theirs),
        *(AccountKey(kind, currency) for kind in common),
    ]


@does(REFUND)
def refund_at_gateway(refund_id: UUID) -> None:
    """The gateway has sent the money back, or refused for good; or it is asked again later."""
    made = Refund.objects.select_related("share__payment").get(pk=refund_id)
    payment = made.share.payment
    if made.state != Step.ASKED or payment.gateway_reference is None:
        return
    try:
        sent = gateways.gateway(payment.gateway).refund(
            payment.gateway_reference, made.amount_minor, key=refund_id
        )
    except GatewayRefused as error:
        sent = Sent(Step.FAILED, error.reason)
    if sent.step is Step.ASKED:
        # It is on its way; whoever asks under the same key learns how it went.
        ask_gateway(REFUND, refund_id, after_ms=LOOK_AGAIN_MS)
        return
    crash.point("payments.refund_sent")
    _end(refund_id, sent)
    crash.point("payments.refund_ended")


@transaction.atomic
def _end(refund_id: UUID, sent: Sent) -> None:
    found = Refund.objects.values_list("share__payment_id", flat=True).get(pk=refund_id)
    payment = Payment.objects.select_for_update().get(pk=found)
    made = Refund.objects.select_related("share").get(pk=refund_id)
    if made.state != Step.ASKED:
        return
    made.state, made.failure, made.done_at = sent.step.value, sent.failure[:60], clock.now()
    made.save(update_fields=["state", "failure", "done_at"])
    if sent.step is Step.DONE:
        _sent_back(payment, made)
    else:
        _put_back(payment, made)


def _sent_back(payment: Payment, made: Refund) -> None:
    back = AccountKey(AccountKind.REFUNDS, payment.currency)
    world = AccountKey(AccountKind.GATEWAY, payment.currency, payment.gateway)
    post(
        key=f"refunded:{made.pk}",
        kind="refunded",
        reference=made.pk,
        moves=[Move(back, world, made.amount_minor)],
    )
    Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") + made.amount_minor)
    publish(PaymentRefunded(payment.pk, payment.reference, made.share.reference, made.amount_minor))


def _put_back(payment: Payment, made: Refund) -> None:
    """What was taken for the refund is where it was, and a person looks why the gateway refused."""
    _count(made, sign=-1)
    seller_id, currency = made.share.seller_id, payment.currency
    if made.from_debt_minor:
        balances = locked(_touched(currency, seller_id))
        # What of the debt was paid meanwhile is the seller's own money again.
        made.from_debt_minor = min(made.from_debt_minor, -balances[str(debt_of(seller_id, currency))])
    moves = [Move(move.target, move.source, move.amount_minor) for move in _moves(currency, seller_id, made)]
    post(key=f"unrefund:{made.pk}", kind="refund_failed", reference=made.pk, moves=moves)
    raise_alert("refund_refused", made.pk, failure=made.failure)


def _count(made: Refund, *, sign: int) -> None:
    """The share says where its money is."""
    Share.objects.filter(pk=made.share_id).update(
        refunded_minor=F("refunded_minor") + sign * made.amount_minor,
        held_minor=F("held_minor") - sign * made.from_held_minor,
        released_minor=F("released_minor") - sign * (made.from_seller_minor + made.from_fees_minor),
        fee_taken_minor=F("fee_taken_minor") - sign * made.from_fees_minor,
    )


def _moves(currency: str, seller_id: UUID, made: Refund) -> list[Move]:
    back, seller = AccountKey(AccountKind.REFUNDS, currency), str(seller_id)
    parts = [
        (AccountKey(AccountKind.ESCROW, currency, seller), made.from_held_minor),
        (AccountKey(AccountKind.SELLER, currency, seller), made.from_seller_minor - made.from_debt_minor),
        (debt_of(seller_id, currency), made.from_debt_minor),
        (AccountKey(AccountKind.FEES, currency), made.from_fees_minor),
    ]
    return [Move(account, back, amount) for account, amount in parts if amount]
