"""Where a seller's money goes. The seller tells it to the gateway on its own page, and never to us."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from beyou.core import clock, limits
from beyou.payments import gateways
from beyou.payments.errors import GatewayAway, GatewayRefused, PayoutAccountNeeded, PayoutsOff
from beyou.payments.gateways import Gateway
from beyou.payments.models import PayoutAccount


@contextmanager
def _asked() -> Iterator[None]:
    """The gateway's errors, said to somebody who does not pay but wants their money."""
    try:
        yield
    except GatewayAway as error:
        raise GatewayAway("Your money is safe here. Please try again in a minute.") from error
    except GatewayRefused as error:
        raise GatewayRefused(
            error.reason, "Your money is safe here. Ask the people who run this place to look at it."
        ) from error


def payout_gateway() -> Gateway:
    """The gateway that pays sellers out. Raises `PayoutsOff`, and `PaymentsOff` when there is none at all."""
    gateway = gateways.chosen()
    if not gateway.can_pay_out:
        raise PayoutsOff("The people who run this place send the money by hand. Ask them.")
    return gateway


def open_account(*, seller_id: UUID) -> str:
    """The gateway's page where the seller says who they are and where their money goes, or changes it. It
    is for this seller, once and for minutes. Asks the gateway: call it outside transactions. Raises
    `PayoutsOff`, `GatewayAway`, `GatewayRefused` and `RateLimited`.
    """
    gateway = payout_gateway()
    limits.check("payouts.member", str(seller_id))
    known = PayoutAccount.objects.filter(seller_id=seller_id, gateway=gateway.name).first()
    with _asked():
        if known is None:
            known, _ = PayoutAccount.objects.get_or_create(
                seller_id=seller_id,
                gateway=gateway.name,
                defaults={"reference": gateway.open_account(seller_id)},
            )
        return gateway.account_page(known.reference, settings.LINK_ORIGIN + reverse("payments:account_back"))


def look_at_account(*, seller_id: UUID) -> bool:
    """Whether the gateway can send this seller money, as it says now. Call it outside transactions."""
    gateway = payout_gateway()
    if not gateway.has_accounts:
        return True
    known = PayoutAccount.objects.filter(seller_id=seller_id, gateway=gateway.name).first()
    if known is None:
        return False
    limits.check("payouts.member", str(seller_id))
    with _asked():
        known.is_ready, known.checked_at = gateway.takes_money(known.reference), clock.now()
    known.save(update_fields=["is_ready", "checked_at"])
    return known.is_ready


def check_account(seller_id: UUID) -> None:
    """Raises `PayoutAccountNeeded` unless the gateway can send this seller money. Only an account that was
    not ready is asked about: one that stopped working makes a payout fail, which gives the money back.
    """
    is_ready = PayoutAccount.objects.filter(
        seller_id=seller_id, gateway=payout_gateway().name, is_ready=True
    ).exists()
    if not is_ready and not look_at_account(seller_id=seller_id):
        raise PayoutAccountNeeded(
            "The payment provider does not know yet where your money goes, or still checks what you told it."
        )


def account_of(seller_id: UUID, gateway: str) -> str:
    """The gateway's name for it; empty for one that needs none."""
    found = PayoutAccount.objects.filter(seller_id=seller_id, gateway=gateway).values_list("reference")
    return str(found[0][0]) if found else ""


def doubt_account(seller_id: UUID, gateway: str) -> None:
    """The gateway refused it: before the next payout it is asked again."""
    PayoutAccount.objects.filter(seller_id=seller_id, gateway=gateway).update(is_ready=False)
