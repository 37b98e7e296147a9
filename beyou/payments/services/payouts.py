"""Money of a seller goes to their bank."""

import datetime as dt
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from beyou.core import clock, crash, limits
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.payments import gateways, rules
from beyou.payments.errors import GatewayRefused, KeyReused
from beyou.payments.gateways import Sent
from beyou.payments.models import Payout
from beyou.payments.rules import AccountKey, AccountKind, Move, Step
from beyou.payments.services.accounts import account_of, check_account, doubt_account, payout_gateway
from beyou.payments.services.alerts import raise_alert
from beyou.payments.services.books import post
from beyou.payments.services.debts import lock_seller, pay_debt
from beyou.payments.services.tasks import LOOK_AGAIN_MS, PAYOUT, ask_gateway, does

PAGE = "/selling/money"
#: What gateways take in is there for payouts some days later; when it still is not, somebody must look.
WAITS: Final = dt.timedelta(days=5)


def request_payout(*, seller_id: UUID, currency: str, amount_minor: int, idempotency_key: str) -> Payout:
    """So much of the seller's balance is on its way to their bank. A repeat under the same key returns the
    first. May ask the gateway whether the seller's account is ready: call it outside transactions. Raises
    `PayoutsOff`, `PayoutAccountNeeded`, `NotEnoughMoney`, `KeyReused`, `RateLimited`, `GatewayAway`, and
    `ValueError` for what is no amount.
    """
    rules.check_amount(amount_minor)
    rules.check_currency(currency)
    gateway = payout_gateway()
    if gateway.has_accounts:
        check_account(seller_id)
    limits.check("payouts.member", str(seller_id))
    wanted = Payout(
        seller_id=seller_id,
        currency=currency,
        amount_minor=amount_minor,
        gateway=gateway.name,
        idempotency_key=f"{seller_id}:{idempotency_key}"[:100],
    )
    try:
        return _recorded(wanted)
    except IntegrityError:
        # The same wish came twice at once; the other one is the first.
        return _recorded(wanted)


@transaction.atomic
def _recorded(wanted: Payout) -> Payout:
    known = Payout.objects.filter(idempotency_key=wanted.idempotency_key).first()
    if known is not None:
        if (known.currency, known.amount_minor) != (wanted.currency, wanted.amount_minor):
            raise KeyReused("A payout under this key was about another amount.")
        return known
    if lock_seller(wanted.seller_id, wanted.currency, _on_its_way(wanted)):
        # What is owed is paid first, so that nobody takes out what others are waiting for.
        pay_debt(wanted.seller_id, wanted.currency, reference=wanted.pk)
    wanted.save(force_insert=True)
    post(
        key=f"payout:{wanted.pk}",
        kind="payout_asked",
        reference=wanted.pk,
        moves=[Move(_seller(wanted), _on_its_way(wanted), wanted.amount_minor)],
    )
    ask_gateway(PAYOUT, wanted.pk)
    crash.point("payments.payout_asking")
    return wanted


@does(PAYOUT)
def pay_out_at_gateway(payout_id: UUID) -> None:
    """The gateway has sent the money, or refused for good; or it is asked again later."""
    made = Payout.objects.get(pk=payout_id)
    if made.state != Step.ASKED:
        return
    try:
        sent = gateways.gateway(made.gateway).pay_out(
            account_of(made.seller_id, made.gateway), made.amount_minor, made.currency, key=payout_id
        )
    except GatewayRefused as error:
        doubt_account(made.seller_id, made.gateway)
        sent = Sent(Step.FAILED, error.reason)
    if sent.step is Step.ASKED:
        if sent.failure and made.created_at < clock.now() - WAITS:
            raise_alert("payout_waits", made.pk, failure=sent.failure)
        ask_gateway(PAYOUT, payout_id, after_ms=LOOK_AGAIN_MS)
        return
    crash.point("payments.payout_sent")
    _end(payout_id, sent)
    crash.point("payments.payout_ended")


@transaction.atomic
def _end(payout_id: UUID, sent: Sent) -> None:
    made = Payout.objects.select_for_update().get(pk=payout_id)
    if made.state != Step.ASKED:
        return
    made.state, made.failure, made.done_at = sent.step.value, sent.failure[:60], clock.now()
    made.save(update_fields=["state", "failure", "done_at"])
    is_done = sent.step is Step.DONE
    has_debt = lock_seller(made.seller_id, made.currency, _on_its_way(made)) if not is_done else False
    world = AccountKey(AccountKind.GATEWAY, made.currency, made.gateway)
    post(
        key=f"paidout:{made.pk}",
        kind="paid_out" if is_done else "payout_failed",
        reference=made.pk,
        moves=[Move(_on_its_way(made), world if is_done else _seller(made), made.amount_minor)],
    )
    if has_debt:
        pay_debt(made.seller_id, made.currency, reference=made.pk)
    notify(member_id=made.seller_id, kind=Kind.PAID_OUT if is_done else Kind.PAYOUT_FAILED, target=PAGE)
    if not is_done:
        raise_alert("payout_refused", made.pk, failure=made.failure)


def _seller(payout: Payout) -> AccountKey:
    return AccountKey(AccountKind.SELLER, payout.currency, str(payout.seller_id))


def _on_its_way(payout: Payout) -> AccountKey:
    return AccountKey(AccountKind.PAYOUTS, payout.currency)
