"""Django's sessions in `MemberSession`: one row is the stored session and what the member sees of it.

A database that leaks opens no session, since rows are found by the digest of the key. Idle and absolute
ends hold by the clock at every read, never by a job.
"""

import datetime as dt
import secrets
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction

from beyou.core import clock
from beyou.core.ports import realtime
from beyou.core.realtime.socket import SESSION_ENDED, SESSION_RENEWED
from beyou.users.models import MemberSession
from beyou.users.rules import SessionLimits

_FIELDS = ("data", "member_id", "created_at", "seen_at", "staff_seen_at")


@dataclass(frozen=True, slots=True)
class Stored:
    """What the row said when it was read."""

    member_id: UUID | None
    created_at: dt.datetime
    seen_at: dt.datetime
    staff_seen_at: dt.datetime | None


def limits_of_sessions() -> SessionLimits:
    return SessionLimits(
        idle=dt.timedelta(hours=settings.SESSION_IDLE_HOURS),
        absolute=dt.timedelta(days=settings.SESSION_ABSOLUTE_DAYS),
    )


class SessionStore(SessionBase):
    """A session of a visitor or member; see `SessionBase` for what each method promises."""

    stored: Stored | None = None

    @property
    def key_digest(self) -> str:
        """How rows, rooms and records name the session; empty while there is none."""
        return realtime.session_digest(self.session_key) if self.session_key else ""

    def load(self) -> dict[str, Any]:
        """One statement."""
        rows = MemberSession.objects.filter(key_digest=self.key_digest, ended_at=None)
        for data, *facts in rows.values_list(*_FIELDS)[:1]:
            stored = Stored(*facts)
            if limits_of_sessions().is_open(stored.created_at, stored.seen_at, clock.now()):
                self.stored = stored
                loaded: dict[str, Any] = self.decode(data)
                return loaded
        self._session_key = None
        return {}

    def _read(self, **options: bool) -> dict[str, Any]:
        read: dict[str, Any] = cast(Any, self)._get_session(**options)
        return read

    def exists(self, session_key: str) -> bool:
        return MemberSession.objects.filter(key_digest=realtime.session_digest(session_key)).exists()

    def create(self) -> None:
        while True:
            self._session_key = _new_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001  (Django's signature)
        """Raises `UpdateError` when the session was ended meanwhile: what has ended never comes back."""
        if self.session_key is None:
            return self.create()
        data = self._read(no_load=must_create)
        moment, member = clock.now(), data.get(SESSION_KEY)
        member_id = UUID(member) if member else None
        fields: dict[str, Any] = {"data": self.encode(data), "member_id": member_id, "seen_at": moment}
        if must_create or self.stored is None or self.stored.member_id != member_id:
            fields["created_at"] = moment
        if must_create:
            self._insert(fields)
        elif not MemberSession.objects.filter(key_digest=self.key_digest, ended_at=None).update(**fields):
            raise UpdateError
        created_at = fields.get("created_at") or (self.stored.created_at if self.stored else moment)
        self.stored = Stored(
            member_id, created_at, moment, self.stored.staff_seen_at if self.stored else None
        )
        return None

    def _insert(self, fields: dict[str, Any]) -> None:
        try:
            with transaction.atomic():
                MemberSession.objects.create(key_digest=self.key_digest, **fields)
        except IntegrityError:
            raise CreateError from None

    def touch(self) -> None:
        """The idle time begins anew, at once."""
        moment = clock.now()
        MemberSession.objects.filter(key_digest=self.key_digest, ended_at=None).update(seen_at=moment)
        if self.stored is not None:
            self.stored = replace(self.stored, seen_at=moment)

    def note_staff_use(self, moment: dt.datetime | None) -> None:
        """The row says at once when a page of the staff was used; None when it counts as long ago."""
        rows = MemberSession.objects.filter(key_digest=self.key_digest, ended_at=None)
        rows.update(staff_seen_at=moment)
        if self.stored is not None:
            self.stored = replace(self.stored, staff_seen_at=moment)

    def cycle_key(self) -> None:
        """The same session under a new key. Its sockets come back by themselves with the new one."""
        data, old = self._read(), self.key_digest
        self._session_key = _new_key()
        self._session_cache = data
        self.modified = True
        renamed = MemberSession.objects.filter(key_digest=old, ended_at=None).update(
            key_digest=self.key_digest
        )
        if renamed:
            _close_sockets(old, SESSION_RENEWED)
        else:
            self.save(must_create=True)

    def delete(self, session_key: str | None = None) -> None:
        """The session has ended, and its sockets with it; of a visitor's nothing is kept."""
        digest = realtime.session_digest(session_key) if session_key else self.key_digest
        if not digest:
            return
        rows = MemberSession.objects.filter(key_digest=digest, ended_at=None)
        if not rows.exclude(member=None).update(ended_at=clock.now(), data=""):
            rows.filter(member=None).delete()
        self.stored = None
        _close_sockets(digest, SESSION_ENDED)

    @property
    def ends_at(self) -> dt.datetime | None:
        """When it ends unless the member does something before; None for visitors."""
        if self.stored is None or self.stored.member_id is None:
            return None
        return limits_of_sessions().end(self.stored.created_at, self.stored.seen_at)

    @property
    def ms_left(self) -> int:
        """Milliseconds until it ends unless the member does something before; 0 for visitors."""
        ends_at = self.ends_at
        return 0 if ends_at is None else max(0, (ends_at - clock.now()) // dt.timedelta(milliseconds=1))

    @property
    def minutes_left(self) -> int:
        """Whole minutes until then, so that pages read one after the other are the same to the byte."""
        return self.ms_left // 60_000

    @property
    def can_be_longer(self) -> bool:
        """Whether use moves the end; near the absolute one it does not."""
        if self.stored is None:
            return False
        limits = limits_of_sessions()
        return self.stored.seen_at + limits.idle < self.stored.created_at + limits.absolute


def _new_key() -> str:
    """128 random bits (ASVS 7.2.3)."""
    return secrets.token_hex(16)


def _close_sockets(digest: str, code: int) -> None:
    transaction.on_commit(lambda: realtime.close([realtime.digest_room(digest)], code))
