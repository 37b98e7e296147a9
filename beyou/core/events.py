"""Facts that one app publishes and others react to, at least once, after the commit.

`publish` writes one outbox row per handler in the caller's transaction, so that a fact and what it is
about commit together. `drain` runs handlers later, never inside the request.
"""

import datetime as dt
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar
from uuid import UUID

import structlog
from django.db import close_old_connections, connection, transaction
from django.db.models import Min

from beyou.core import clock, schedule
from beyou.core.models import OutboxEvent

log = structlog.get_logger()

MAX_ATTEMPTS = 12
LEASE_MS = 60_000
JOBS_SECONDS = 20.0


@dataclass(frozen=True)
class Event:
    """A fact in the past tense. Fields are ids, strings, numbers or booleans, never content."""


E = TypeVar("E", bound=Event)
_handlers: dict[type[Event], list[tuple[str, Callable[[Any], None]]]] = defaultdict(list)
_by_name: dict[str, tuple[type[Event], Callable[[Any], None]]] = {}
_wake = threading.Event()


def reacts_to(event_type: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Registers an idempotent handler: it may see the same fact twice."""

    def register(handler: Callable[[E], None]) -> Callable[[E], None]:
        name = f"{handler.__module__}.{handler.__qualname__}"
        _handlers[event_type].append((name, handler))
        _by_name[name] = (event_type, handler)
        return handler

    return register


def publish(*events: Event, after_ms: int = 0) -> None:
    """Records the facts for every handler. Call it inside the transaction that makes them true. No handler
    hears them before `after_ms` milliseconds have passed.

    Raises `RuntimeError` outside a transaction, where a crash could separate fact and row.
    """
    due_ms = clock.now_ms() + after_ms
    rows = [row for event in events for row in _rows(event, due_ms)]
    if not rows:
        return
    if not connection.in_atomic_block:
        raise RuntimeError("publish() needs a transaction")
    OutboxEvent.objects.bulk_create(rows)
    transaction.on_commit(_wake.set)


def _rows(event: Event, due_ms: int) -> list[OutboxEvent]:
    handlers = _handlers.get(type(event))
    if not handlers:
        return []
    moment = clock.now_ms()
    return [
        OutboxEvent(
            handler=name, event=type(event).__name__, payload=_encode(event), created_ms=moment, due_ms=due_ms
        )
        for name, _ in handlers
    ]


def _encode(event: Event) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return str(value) if isinstance(value, UUID | dt.datetime) else value

    return {field.name: plain(getattr(event, field.name)) for field in fields(event)}


def _decode(event_type: type[Event], payload: dict[str, Any]) -> Event:
    converters: dict[Any, Callable[[Any], Any]] = {UUID: UUID, dt.datetime: dt.datetime.fromisoformat}
    values = {
        field.name: converters.get(field.type, lambda value: value)(payload[field.name])
        for field in fields(event_type)
    }
    return event_type(**values)


def drain(limit: int = 200) -> int:
    """Runs due handlers once each and returns how many rows it leased.

    A row is leased by a conditional update, so any number of drains may run. A handler that fails is
    tried again with doubling pauses and parked after `MAX_ATTEMPTS`, to be seen in the console.
    """
    moment = clock.now_ms()
    due = OutboxEvent.objects.filter(parked=False, due_ms__lte=moment).order_by("id")[:limit]
    leased = 0
    for row in due:
        claimed = OutboxEvent.objects.filter(id=row.id, due_ms=row.due_ms, parked=False).update(
            due_ms=moment + LEASE_MS, attempts=row.attempts + 1
        )
        if claimed:
            leased += 1
            _run(row, row.attempts + 1)
    return leased


def is_waiting(event: Event) -> bool:
    """Whether a handler has still to learn of this very fact, or gave it up."""
    waiting = OutboxEvent.objects.filter(event=type(event).__name__)
    for name, value in _encode(event).items():
        waiting = waiting.filter(**{f"payload__{name}": value})
    return waiting.exists()


def parked() -> int:
    """How many rows were given up after `MAX_ATTEMPTS`."""
    return OutboxEvent.objects.filter(parked=True).count()


def oldest_due_ms() -> int | None:
    """When the row that waits longest for a drain became due; None when no row is due."""
    due = OutboxEvent.objects.filter(parked=False, due_ms__lte=clock.now_ms())
    oldest: int | None = due.aggregate(oldest=Min("due_ms"))["oldest"]
    return oldest


def _run(row: OutboxEvent, attempt: int) -> None:
    try:
        event_type, handler = _by_name[row.handler]
        with transaction.atomic():
            handler(_decode(event_type, row.payload))
            OutboxEvent.objects.filter(id=row.id).delete()
    # Whatever a handler raises, the row must be kept and the other rows must go on.
    except Exception as error:
        log.exception("outbox.failed", handler=row.handler, outbox_id=row.id, attempt=attempt)
        OutboxEvent.objects.filter(id=row.id).update(
            due_ms=clock.now_ms() + min(1000 * 2**attempt, 3_600_000),
            last_error=type(error).__name__,
            parked=attempt >= MAX_ATTEMPTS,
        )


class DrainThread(threading.Thread):
    """Drains while the process lives: at once when this process publishes, else every two seconds;
    runs returning jobs when they are due.
    """

    def __init__(self) -> None:
        super().__init__(name="outbox-drain", daemon=True)
        self._stopping = threading.Event()
        self._jobs_at = 0.0

    def run(self) -> None:
        while not self._stopping.is_set():
            _wake.wait(timeout=2)
            _wake.clear()
            close_old_connections()
            try:
                while not self._stopping.is_set() and drain():
                    pass
                self._run_jobs()
            # The database may be away for a while; the rows are safe and the next round tries again.
            except Exception:
                log.exception("outbox.drain_failed")
        connection.close()

    def _run_jobs(self) -> None:
        """Looks for due jobs at most once in `JOBS_SECONDS`, however often an event wakes the thread."""
        moment = time.monotonic()
        if not self._stopping.is_set() and moment >= self._jobs_at:
            self._jobs_at = moment + JOBS_SECONDS
            schedule.run_due()

    def stop(self) -> None:
        self._stopping.set()
        _wake.set()
        self.join(timeout=10)
