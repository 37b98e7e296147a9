"""When sessions were last used, written down a little later so that no page waits for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from beyou.core.later import Later
from beyou.users.models import MemberSession
from beyou.users.whereabouts import whereabouts

#: A session's use is written at most so often.
EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a session."""

    at: datetime
    address: str
    user_agent: str


def is_due(seen_at: datetime | None, now: datetime) -> bool:
    """Also when the clock was set back behind the last use."""
    return seen_at is None or abs(now - seen_at) >= EVERY


def _write(uses: dict[str, Use]) -> None:
    with transaction.atomic():
        for digest, use in uses.items():
            MemberSession.objects.filter(key_digest=digest, ended_at=None).update(
                seen_at=use.at, **whereabouts(use.address, use.user_agent)
            )


# A use that is lost shortens a session by a minute, no more.
_later: Later[str, Use] = Later("session-uses", _write)


def note(key_digest: str, use: Use) -> None:
    """The session's row says within seconds that it was used. Never waits for the database."""
    _later.note(key_digest, use)


def flush() -> int:
    """Writes what waits; returns how many sessions it wrote."""
    return _later.flush()
