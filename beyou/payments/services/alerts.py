"""Telling the staff who look after money that a person must look."""

from uuid import UUID

import structlog
from django.conf import settings

from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.payments.models import MoneyAlert
from beyou.users.queries import staff_with
from beyou.users.rules import Level

log = structlog.get_logger()


def raise_alert(kind: str, object_id: UUID, **detail: str | int) -> None:
    """Finance staff have a notice, once for a kind and an object until it is resolved."""
    alert, is_new = MoneyAlert.objects.get_or_create(
        kind=kind, object_id=object_id, defaults={"detail": detail}
    )
    if not is_new and alert.resolved_at is None:
        return
    if not is_new:
        MoneyAlert.objects.filter(pk=alert.pk).update(resolved_at=None, detail=detail)
    log.error("payments.alert", kind=kind, object_id=str(object_id), **detail)
    for member_id in staff_with(Level.FINANCE):
        notify(member_id=member_id, kind=Kind.MONEY_ALERT, target=f"/{settings.STAFF_PREFIX}/")
