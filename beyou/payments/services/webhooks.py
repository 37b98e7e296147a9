"""What gateways tell us by themselves: only ever a hint to look."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from django.db import transaction

from beyou.core import clock, crash
from beyou.core.errors import NotFound
from beyou.payments import gateways
from beyou.payments.models import Payment, WebhookEvent
from beyou.payments.services.tasks import SYNC, ask_gateway

#: Far longer than a signature is valid and than any gateway repeats itself.
KEPT: Final = dt.timedelta(days=60)


def receive_webhook(*, gateway: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Our books are compared with the gateway soon, once for each notice. Returns whether it was new.

    Nothing of a notice is believed but that something happened: how a payment stands is asked of the gateway,
    so that notices may come twice, late and in any order. Raises `BadSignature` before anything is stored,
    and `NotFound` for a gateway that is not ours.
    """
    if not gateways.is_known(gateway):
        raise NotFound
    told = gateways.gateway(gateway).told(body, headers)
    with transaction.atomic():
        event = WebhookEvent(gateway=gateway, event_id=told.event_id[:120], kind=told.kind[:60])
        WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)
        is_new = WebhookEvent.objects.filter(pk=event.pk).exists()
        if is_new and told.payment_id is not None:
            # Only for payments of this gateway: one gateway must not speak about another's.
            for payment_id in Payment.objects.filter(pk=told.payment_id, gateway=gateway).values_list(
                "pk", flat=True
            ):
                ask_gateway(SYNC, payment_id)
    crash.point("payments.told")
    return is_new


def forget_old_webhooks() -> None:
    """Notices that can no longer be repeated are gone."""
    WebhookEvent.objects.filter(received_at__lt=clock.now() - KEPT).delete()
