"""When sessions were last used, written down a little later so that no page waits for it."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, transaction

from beyou.users.models import MemberSession
from beyou.users.whereabouts import whereabouts

log = structlog.get_logger()

#: A session's use is written at most so often.
EVERY = timedelta(minutes=1)
FLUSH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a session."""

    at: datetime
    address: str
    user_agent: str


_waiting: dict[str, Use] = {}
_guard = threading.Lock()
_stopping = threading.Event()
_thread: threading.Thread | None = None


def is_due(seen_at: datetime | None, now: datetime) -> bool:
    """Also when the clock was set back behind the last use."""
    return seen_at is None or abs(now - seen_at) >= EVERY


def note(key_digest: str, use: Use) -> None:
    """The session's row says within seconds that it was used. Never waits for the database."""
    global _thread
    with _guard:
        _waiting[key_digest] = use
        if settings.MODE != "test" and (_thread is None or not _thread.is_alive()):
            _stopping.clear()
            _thread = threading.Thread(target=_run, name="session-uses", daemon=True)
            _thread.start()


def flush() -> int:
    """Writes what waits; returns how many sessions it wrote."""
    with _guard:
        uses = dict(_waiting)
        _waiting.clear()
    if uses:
        with transaction.atomic():
            for digest, use in uses.items():
                MemberSession.objects.filter(key_digest=digest, ended_at=None).update(
                    seen_at=use.at, **whereabouts(use.address, use.user_agent)
                )
    return len(uses)


def stop() -> None:
    """What waits is written, and the thread ends."""
    _stopping.set()
    if _thread is not None:
        _thread.join(timeout=10)


def _run() -> None:
    while not _stopping.wait(FLUSH_SECONDS):
        _flush_or_log()
    _flush_or_log()
    connection.close()


def _flush_or_log() -> None:
    close_old_connections()
    try:
        flush()
    except DatabaseError:
        # A use that is lost shortens a session by a minute, no more.
        log.warning("presence.not_written")
