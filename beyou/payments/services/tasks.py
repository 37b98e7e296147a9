"""What must be asked of a gateway: remembered in the transaction that wants it, asked outside of any.

Gateways are slow and may be away. A row per wish is leased, tried again with growing pauses, and parked with
an alert after `MAX_ATTEMPTS`. A wish that comes while the gateway is being asked is asked again.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from beyou.core import clock, work
from beyou.core.errors import ApplicationError
from beyou.payments.errors import GatewayAway, PaymentsOff
from beyou.payments.models import GatewayTask
from beyou.payments.services.alerts import raise_alert

log = structlog.get_logger()

MAX_ATTEMPTS: Final = 20
LEASE_MS: Final = 120_000
#: When to look again at what the gateway is still doing.
LOOK_AGAIN_MS: Final = 600_000
#: Kinds of tasks; each has one function, which takes the id of its object.
SYNC, CANCEL, REFUND, PAYOUT = "sync", "cancel", "refund", "payout"

_doers: dict[str, Callable[[UUID], None]] = {}


def does(kind: str) -> Callable[[Callable[[UUID], None]], Callable[[UUID], None]]:
    """Registers who asks the gateway. It runs outside transactions, and may run twice."""

    def register(doer: Callable[[UUID], None]) -> Callable[[UUID], None]:
        _doers[kind] = doer
        return doer

    return register


def ask_gateway(kind: str, object_id: UUID, *, after_ms: int = 0) -> None:
    """The gateway is asked after the caller's transaction and `after_ms` milliseconds, and again if it is
    being asked just now.
    """
    moment = clock.now_ms() + after_ms
    known = GatewayTask.objects.filter(kind=kind, object_id=object_id)
    again = {"wish": F("wish") + 1, "parked": False, "attempts": 0}
    if not known.update(due_ms=moment, **again):
        row = GatewayTask(kind=kind, object_id=object_id, due_ms=moment)
        # Of two that wish at once one makes the row; the other's wish is the same.
        GatewayTask.objects.bulk_create([row], ignore_conflicts=True)
    work.wake_after_commit()


def do_next_task() -> bool:
    """Asks for the oldest wish that is due; returns whether there was one."""
    moment = clock.now_ms()
    for task in GatewayTask.objects.filter(parked=False, due_ms__lte=moment).order_by("due_ms", "id")[:8]:
        if _lease(task, moment):
            _do(task)
            return True
    return False


def _lease(task: GatewayTask, moment: int) -> bool:
    """Whether this process won it. Until the lease ends nobody else asks for the same."""
    same = GatewayTask.objects.filter(id=task.id, due_ms=task.due_ms, wish=task.wish, parked=False)
    return bool(same.update(due_ms=moment + LEASE_MS, attempts=F("attempts") + 1))


def _do(task: GatewayTask) -> None:
    try:
        _doers[task.kind](task.object_id)
    except (GatewayAway, PaymentsOff) as error:
        _try_later(task, error)
    # Whatever goes wrong, the row must be kept and the other rows must go on.
    except Exception as error:
        log.exception("payments.task_failed", kind=task.kind, object_id=str(task.object_id))
        _try_later(task, error)
    else:
        # A newer wish stays, and is due when it says.
        GatewayTask.objects.filter(id=task.id, wish=task.wish).delete()


@transaction.atomic
def _try_later(task: GatewayTask, error: Exception) -> None:
    attempt = task.attempts + 1
    code = error.code if isinstance(error, ApplicationError) else type(error).__name__
    pause = min(1000 * 2**attempt, 3_600_000)
    is_over = attempt >= MAX_ATTEMPTS
    GatewayTask.objects.filter(id=task.id, wish=task.wish).update(
        due_ms=clock.now_ms() + pause, last_error=code, parked=is_over
    )
    if is_over:
        raise_alert(f"{task.kind}_unanswered", task.object_id, error=code)
