"""Stripe behind the port: Checkout Sessions, so that the card is entered at Stripe and never here (SAQ A).

A session wraps a PaymentIntent, does 3-D Secure by itself and is the charge's reference. Sellers are paid by
Connect with separate charges and transfers: the money waits in the balance of the instance, and a payout is a
transfer to the seller's connected account, from where Stripe sends it to their bank.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

import orjson
import stripe
import structlog
from django.conf import settings

from beyou.core import clock
from beyou.core.ports.naming import instance_name
from beyou.payments.errors import BadSignature, GatewayAway, GatewayRefused
from beyou.payments.gateways import Charge, Opened, Seen, Sent, Told
from beyou.payments.rules import Progress, Step

log = structlog.get_logger()

SIGNATURE: Final = "Stripe-Signature"
#: A signature is valid for so long (Stripe's own default).
TOLERANCE_SECONDS: Final = 300
#: The seller enters who they are at Stripe, which checks it and shows them where their money is; fees and
#: what a seller cannot pay back are the instance's.
_CONTROLLER: Final = {
    "stripe_dashboard": {"type": "express"},
    "fees": {"payer": "application"},
    "losses": {"payments": "application"},
}
#: The money of charges is not there before some days; then the same transfer works.
_NOT_YET: Final = "balance_insufficient"
_REFUND_STEPS: Final = {"succeeded": Step.DONE, "failed": Step.FAILED, "canceled": Step.FAILED}


@lru_cache(maxsize=1)
def _client(key: str, address: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": address},
        max_network_retries=1,
        http_client=stripe.RequestsClient(timeout=10),
    )


@contextmanager
def _asked() -> Iterator[None]:
    """Stripe's errors as those of the port."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError) as error:
        raise GatewayRefused(str(error.code or "invalid_request")[:60]) from error
    except stripe.StripeError as error:
        # A wrong key is for the staff to mend, and then the same request works.
        log.warning("stripe.away", error=type(error).__name__, status=error.http_status)
        raise GatewayAway from error


class StripeGateway:
    """Charges by Stripe Checkout."""

    name = "stripe"
    has_accounts = True

    @property
    def can_pay_out(self) -> bool:
        return bool(settings.STRIPE_CONNECT)

    @property
    def _api(self) -> stripe.StripeClient:
        return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API)

    def open(self, charge: Charge) -> Opened:
        names = {"payment": str(charge.payment_id)}
        price = {
            "currency": charge.currency.lower(),
            "unit_amount": charge.amount_minor,
            "product_data": {"name": instance_name()},
        }
        params: Any = {
            "mode": "payment",
            "client_reference_id": str(charge.payment_id),
            "metadata": names,
            "payment_intent_data": {"metadata": names},
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": charge.return_url,
            "cancel_url": charge.return_url,
        }
        with _asked():
            session = self._api.v1.checkout.sessions.create(
                params, {"idempotency_key": f"open-{charge.payment_id}"}
            )
        return Opened(session.id, session.url or "")

    def look(self, reference: str) -> Seen:
        with _asked():
            session = self._api.v1.checkout.sessions.retrieve(
                reference, {"expand": ["payment_intent.latest_charge"]}
            )
        return _seen(session.to_dict())

    def cancel(self, reference: str) -> Seen:
        try:
            with _asked():
                return _seen(self._api.v1.checkout.sessions.expire(reference).to_dict())
        except GatewayRefused:
            # It is over already, one way or the other.
            return self.look(reference)

    def refund(self, reference: str, amount_minor: int, key: UUID) -> Sent:
        with _asked():
            intent = self._api.v1.checkout.sessions.retrieve(reference).to_dict().get("payment_intent")
            if not isinstance(intent, str):
                raise GatewayRefused("charge_not_refundable")
            # An answer under a used key is the first one again: how a refund goes on stands in the list.
            known = self._api.v1.refunds.list({"payment_intent": intent, "limit": 100}).to_dict()["data"]
            found = next(
                (each for each in known if (each.get("metadata") or {}).get("refund") == str(key)), None
            )
            if found is None:
                made = self._api.v1.refunds.create(
                    {"payment_intent": intent, "amount": amount_minor, "metadata": {"refund": str(key)}},
                    {"idempotency_key": f"refund-{key}"},
                )
                found = made.to_dict()
        step = _REFUND_STEPS.get(str(found["status"]), Step.ASKED)
        return Sent(step, str(found.get("failure_reason") or "") if step is Step.FAILED else "")

    def open_account(self, seller_id: UUID) -> str:
        params: Any = {
            "controller": _CONTROLLER,
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"seller": str(seller_id)},
        }
        with _asked():
            return self._api.v1.accounts.create(params, {"idempotency_key": f"account-{seller_id}"}).id

    def account_page(self, account: str, return_url: str) -> str:
        with _asked():
            if self._api.v1.accounts.retrieve(account).details_submitted:
                return self._api.v1.accounts.login_links.create(account).url
            link: Any = {
                "account": account,
                "type": "account_onboarding",
                "return_url": return_url,
                "refresh_url": return_url,
            }
            return self._api.v1.account_links.create(link).url

    def takes_money(self, account: str) -> bool:
        with _asked():
            seen = self._api.v1.accounts.retrieve(account).to_dict()
        is_active = (seen.get("capabilities") or {}).get("transfers") == "active"
        return is_active and bool(seen.get("payouts_enabled"))

    def pay_out(self, account: str, amount_minor: int, currency: str, key: UUID) -> Sent:
        params: Any = {
            "amount": amount_minor,
            "currency": currency.lower(),
            "destination": account,
            "transfer_group": str(key),
            "metadata": {"payout": str(key)},
        }
        try:
            with _asked():
                # A key is remembered for a day, the group for good.
                if not self._api.v1.transfers.list({"transfer_group": str(key), "limit": 1}).data:
                    # Under the key of yesterday Stripe would say again that the money is not there.
                    today = f"payout-{key}-{clock.now():%Y%m%d}"
                    self._api.v1.transfers.create(params, {"idempotency_key": today})
        except GatewayRefused as error:
            if error.reason == _NOT_YET:
                return Sent(Step.ASKED, _NOT_YET)
            raise
        return Sent(Step.DONE)

    def told(self, body: bytes, headers: Mapping[str, str]) -> Told:
        header = headers.get(SIGNATURE, "")
        try:
            stripe.WebhookSignature.verify_header(
                body.decode(), header, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS
            )
            event: dict[str, Any] = orjson.loads(body)
            return Told(str(event["id"]), str(event["type"]), _payment_of(event["data"]["object"]))
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadSignature("Send the notice with the signature that belongs to it.") from error


def _payment_of(thing: Mapping[str, Any]) -> UUID | None:
    """Our id, as every session and intent of ours carries it."""
    text = (thing.get("metadata") or {}).get("payment") or thing.get("client_reference_id")
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _seen(session: Mapping[str, Any]) -> Seen:
    intent = session.get("payment_intent")
    intent = cast(Mapping[str, Any], intent) if isinstance(intent, Mapping) else {}
    charge = intent.get("latest_charge")
    refunded = charge.get("amount_refunded", 0) if isinstance(charge, Mapping) else 0
    progress, failure = _progress(session, intent)
    return Seen(
        progress,
        int(session.get("amount_total") or 0),
        str(session.get("currency") or "").upper(),
        int(refunded or 0),
        failure,
    )


def _progress(session: Mapping[str, Any], intent: Mapping[str, Any]) -> tuple[Progress, str]:
    """A declined card leaves a session open: the buyer may try another one there."""
    if session.get("payment_status") == "paid":
        return Progress.PAID, ""
    if session.get("status") == "expired":
        return Progress.CANCELLED, "expired"
    if session.get("status") == "open":
        return Progress.OPEN, ""
    if intent.get("status") in ("canceled", "requires_payment_method"):
        return Progress.FAILED, str((intent.get("last_payment_error") or {}).get("code") or "declined")
    return Progress.PROCESSING, ""
