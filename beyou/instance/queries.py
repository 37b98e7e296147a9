"""What is set now. Pages read a copy that this process keeps for some seconds, so that they cost no query."""

import asyncio
import datetime as dt
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog
from django.conf import settings as environment
from django.db import DatabaseError

from beyou.core import clock
from beyou.core.realtime.hub import hub
from beyou.instance.models import Announcement, InstanceSettings
from beyou.instance.options import OPTIONS, Section, Value
from beyou.instance.rules import ACCENTS, Line, paragraphs

log = structlog.get_logger()

#: How long a process may show what another has changed meanwhile.
KEPT_SECONDS = 3.0
#: The names of what owners set, as fields of the row and of `Settings`.
FIELDS = ("name", "rules", "accent", "registration")

#: How many announcements stand on a page at once.
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """One announcement as pages show it."""

    id: UUID
    title: str
    paragraphs: list[list[Line]]
    is_for_members: bool
    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Settings:
    """What owners have set; empty is what the environment says. Version 0: nothing was saved yet."""

    version: int = 0
    name: str = ""
    rules: str = ""
    accent: str = ""
    registration: str = ""
    #: What owners have decided otherwise than the defaults, and how often each page of it was saved.
    options: Mapping[str, Value] = field(default_factory=dict)
    versions: Mapping[Section, int] = field(default_factory=dict)
    #: Those that are not over; `notices` says which stand now.
    announcements: tuple[Notice, ...] = ()

    @property
    def worn_accent(self) -> str:
        return self.accent or ACCENTS[0]

    def option(self, name: str) -> Value:
        """What holds: what owners decided where the environment leaves it to them, else the default."""
        is_open = name not in environment.FIXED_OPTIONS
        return self.options.get(name, default_of(name)) if is_open else default_of(name)


def default_of(name: str) -> Value:
    """What holds where nothing was decided, as the environment says."""
    value: Value = getattr(environment, name.upper(), OPTIONS[name].default)
    return value


def option(name: str, *, is_saved: bool = False) -> Value:
    """The value of an option, for `core.ports.options`."""
    return (saved() if is_saved else current()).option(name)


@dataclass(frozen=True, slots=True)
class _Held:
    settings: Settings
    until: float


_held = _Held(Settings(), 0.0)
_reading = threading.Lock()
_renewal: asyncio.Task[None] | None = None


def saved() -> Settings:
    """What the database says. One statement."""
    row = InstanceSettings.objects.filter(id=1).first()
    if row is None:
        return Settings()
    return Settings(
        **{name: getattr(row, name) for name in ("version", *FIELDS)},
        options={name: getattr(row, name) for name in OPTIONS if getattr(row, name) not in (None, "")},
        versions={section: getattr(row, section.version_field) for section in Section},
    )


def _not_over() -> tuple[Notice, ...]:
    rows = Announcement.objects.filter(ends_at__gt=clock.now()).order_by("-starts_at", "-id")[:50]
    return tuple(
        Notice(row.pk, row.title, paragraphs(row.text), row.is_for_members, row.starts_at, row.ends_at)
        for row in rows
    )


def notices(*, for_members: bool) -> list[Notice]:
    """The announcements that stand now, the newest first. No statement on most pages."""
    found = current().announcements
    if not found:
        return []
    now = clock.now()
    return [
        each
        for each in found
        if each.starts_at <= now < each.ends_at and (for_members or not each.is_for_members)
    ]


def current() -> Settings:
    """What is set, as this process knew it at most `KEPT_SECONDS` ago. While the database does not answer,
    the last that was known stays: pages that say so have to be shown, too.
    """
    if time.monotonic() >= _held.until:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            _renew()
        else:
            _renew_soon(loop)
    return _held.settings


def _renew() -> None:
    # One thread reads; the others go on with what was known.
    if not _reading.acquire(blocking=not _held.until):
        return
    try:
        if time.monotonic() >= _held.until:
            hold(replace(saved(), announcements=_not_over()))
    except DatabaseError:
        log.warning("instance.settings_unread")
        hold(_held.settings)
    finally:
        _reading.release()


def _renew_soon(loop: asyncio.AbstractEventLoop) -> None:
    """Sockets must not wait for the database, so they go on with what was known while a thread reads."""
    global _renewal
    if _renewal is None or _renewal.done():
        _renewal = loop.create_task(hub.read(_renew))


def hold(settings: Settings, seconds: float = KEPT_SECONDS) -> None:
    """Pages of this process show these settings for so long."""
    global _held
    _held = _Held(settings, time.monotonic() + seconds)


def forget() -> None:
    """The next page of this process reads what is set."""
    global _held
    _held = _Held(_held.settings, 0.0)
