"""Which words are watched, what was found, and how much the place trusts a member.

Texts are read with a copy of the words that this process keeps for some seconds, so that they cost no query.
"""

import datetime as dt
import threading
import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, connection
from django.db.models import QuerySet

from beyou.automod.models import Finding, WatchedWord
from beyou.automod.rules import MOST_PATTERNS, Kind, Matcher, Place, Trust, trust
from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.core.ports.strikes import strikes_of
from beyou.users.queries import member_by_id

log = structlog.get_logger()

#: How long a process may go by words that another has changed meanwhile.
KEPT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Held:
    matcher: Matcher
    until: float


_held = _Held(Matcher(()), 0.0)
_reading = threading.Lock()


def matcher() -> Matcher:
    """Finds the watched words, as this process knew them at most `KEPT_SECONDS` ago. While the database does
    not answer, the last that were known stay.
    """
    if time.monotonic() >= _held.until and _reading.acquire(blocking=not _held.until):
        try:
            if time.monotonic() >= _held.until:
                hold(Matcher(row.word for row in watched_words()))
        except DatabaseError:
            # In a transaction the failure is the caller's as well, which begins again.
            if connection.in_atomic_block:
                raise
            log.warning("automod.words_unread")
            hold(_held.matcher)
        finally:
            _reading.release()
    return _held.matcher


def hold(found: Matcher, seconds: float = KEPT_SECONDS) -> None:
    """This process goes by these words for so long."""
    global _held
    _held = _Held(found, time.monotonic() + seconds)


def forget() -> None:
    """The next text of this process is read with the words that are saved."""
    global _held
    _held = _Held(Matcher(()), 0.0)


def watched_words() -> list[WatchedWord]:
    """All of them, the newest first. One statement."""
    return list(WatchedWord.objects.order_by("-id")[:MOST_PATTERNS])


@dataclass(frozen=True, slots=True)
class WordPage:
    """Watched words, and the cursor of those that follow."""

    items: list[WatchedWord]
    next: UUID | None


def word_page(*, before: UUID | None = None, limit: int = 100) -> WordPage:
    """The newest first. One statement."""
    rows = WatchedWord.objects.order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: limit + 1])
    return WordPage(found[:limit], found[limit - 1].pk if len(found) > limit else None)


def watched_word(word_id: UUID) -> WatchedWord:
    """Raises `NotFound`."""
    row = WatchedWord.objects.filter(id=word_id).first()
    if row is None:
        raise NotFound
    return row


def trust_of(member_id: UUID) -> Trust:
    """How much the member may do at once. Two statements."""
    member = member_by_id(member_id)
    return trust(
        age=clock.now() - member.date_joined,
        is_verified=member.is_verified,
        strikes=strikes_of(member_id),
        is_staff=member.is_staff,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as a person reads it."""

    id: UUID
    member_id: UUID
    place: Place
    kind: Kind
    object_id: UUID | None
    words: str
    text: str


def finding(finding_id: UUID) -> Found | None:
    """One statement; None once it is forgotten. Raises `keyring.Undecryptable` when it was altered."""
    row = Finding.objects.filter(id=finding_id).first()
    if row is None:
        return None
    said = {
        column: keyring.open_field(bytes(stored), table="automod", column=column, row_id=row.pk)
        if (stored := getattr(row, column))
        else ""
        for column in ("words", "text")
    }
    return Found(row.pk, row.member_id, Place(row.place), Kind(row.kind), row.object_id, **said)


def found_before(moment: dt.datetime) -> QuerySet[Finding]:
    """What was found before that moment."""
    return Finding.objects.filter(created_at__lt=moment)
