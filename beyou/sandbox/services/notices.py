"""What the bank tells its caller by itself: signed, at least once, sometimes late."""

import datetime as dt
from typing import Final

import orjson
import structlog
from django.db.models import F

from beyou.core import clock, work
from beyou.payments.services import receive_webhook
from beyou.sandbox import signing
from beyou.sandbox.models import BankCharge, BankNotice

log = structlog.get_logger()

NAME: Final = "sandbox"
_LEASE_MS, _MOST_ATTEMPTS = 30_000, 16


def tell(charge: BankCharge, *, kind: str = "", after: dt.timedelta = dt.timedelta()) -> None:
    """The caller hears of the charge after so long. Call it inside the transaction that changes it."""
    due_ms = clock.now_ms() + after // dt.timedelta(milliseconds=1)
    BankNotice.objects.create(charge=charge, kind=kind or f"charge.{charge.progress}", due_ms=due_ms)
    work.wake_after_commit()


def body_of(notice: BankNotice) -> bytes:
    """What is sent, and signed."""
    return orjson.dumps(
        {
            "id": str(notice.pk),
            "type": notice.kind,
            "payment": str(notice.charge.key),
            "made_ms": notice.due_ms,
        }
    )


def deliver_next() -> bool:
    """Sends the oldest notice that is due; returns whether there was one. Tried again until it is taken."""
    moment = clock.now_ms()
    waiting = BankNotice.objects.filter(delivered_at=None, due_ms__lte=moment, attempts__lt=_MOST_ATTEMPTS)
    notice = waiting.select_related("charge").order_by("due_ms", "id").first()
    if notice is None:
        return False
    same = BankNotice.objects.filter(pk=notice.pk, due_ms=notice.due_ms, delivered_at=None)
    pause = _LEASE_MS + min(1000 * 2**notice.attempts, 3_600_000)
    if same.update(due_ms=moment + pause, attempts=F("attempts") + 1):
        _deliver(notice)
    return True


def _deliver(notice: BankNotice) -> None:
    body = body_of(notice)
    try:
        receive_webhook(gateway=NAME, body=body, headers={signing.HEADER: signing.sign(body)})
    # Whatever the caller does with it, the notice stays until it is taken.
    except Exception:
        log.exception("sandbox.notice_not_taken", notice_id=str(notice.pk))
    else:
        BankNotice.objects.filter(pk=notice.pk).update(delivered_at=clock.now())
