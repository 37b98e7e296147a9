"""Comparing our books with the gateways, for all that notices did not say."""

import datetime as dt
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from django.db import transaction
from django.db.models import Q

from beyou.core import clock
from beyou.payments.models import GatewayTask, Payment, Payout, Refund
from beyou.payments.queries import money_health
from beyou.payments.rules import OPEN, State, Step
from beyou.payments.services.alerts import raise_alert
from beyou.payments.services.start import cancel_payment
from beyou.payments.services.tasks import PAYOUT, REFUND, SYNC, ask_gateway

_AT_ONCE: Final = 200
#: An open payment is looked at so often, one that is settled or failed so often and for so long.
OPEN_EVERY: Final = dt.timedelta(minutes=5)
CLOSED_EVERY: Final = dt.timedelta(hours=12)
CLOSED_FOR: Final = dt.timedelta(days=7)
#: After so long nobody is at the gateway's page any more.
ABANDONED: Final = dt.timedelta(hours=24)


def compare_with_gateways() -> int:
    """Payments that may have moved are looked at soon, abandoned ones are called off, and lost wishes are
    made again. Returns how many. What cannot be repaired becomes an alert.
    """
    moment = clock.now()
    is_open = Q(state__in=[state.value for state in OPEN])
    is_settled = Q(state=State.SETTLED, settled_at__gt=moment - CLOSED_FOR)
    # What failed may have succeeded after all, and the notice was lost.
    is_over = Q(state__in=[State.FAILED, State.CANCELLED], created_at__gt=moment - CLOSED_FOR)
    due = Payment.objects.filter(
        is_open & Q(created_at__lt=moment - dt.timedelta(minutes=2)) & _not_checked_since(moment - OPEN_EVERY)
        | (is_settled | is_over) & _not_checked_since(moment - CLOSED_EVERY)
    ).order_by("checked_at", "id")[:_AT_ONCE]
    for payment in due:
        with transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(checked_at=moment)
            is_abandoned = State(payment.state) in OPEN and payment.created_at < moment - ABANDONED
            if is_abandoned or payment.state in (State.CREATED, State.CANCELLING):
                cancel_payment(payment_id=payment.pk)
            else:
                ask_gateway(SYNC, payment.pk)
    return len(due) + _wish_again(moment)


def _not_checked_since(moment: dt.datetime) -> Q:
    return Q(checked_at=None) | Q(checked_at__lt=moment)


def _wish_again(moment: dt.datetime) -> int:
    """Refunds and payouts that nobody asks the gateway for any more, such as parked ones."""
    count = 0
    for kind, model in ((REFUND, Refund), (PAYOUT, Payout)):
        waiting = model.objects.filter(state=Step.ASKED, created_at__lt=moment - dt.timedelta(hours=1))
        asked = GatewayTask.objects.filter(kind=kind, parked=False).values("object_id")
        for object_id in waiting.exclude(pk__in=asked).values_list("pk", flat=True)[:_AT_ONCE]:
            with transaction.atomic():
                ask_gateway(kind, object_id)
            count += 1
    return count


def check_books() -> bool:
    """Whether the books are sound; finance staff are told of each row that is not, by a name made
    of the row's."""
    health = money_health()
    for wrong in health.wrong:
        raise_alert(
            "books",
            uuid5(NAMESPACE_OID, wrong.what),
            what=wrong.what,
            says=wrong.says,
            should_say=wrong.should_say,
        )
    return health.is_sound
