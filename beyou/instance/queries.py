"""What is set now. Pages read a copy that this process keeps for some seconds, so that they cost no query."""

import threading
import time
from dataclasses import dataclass

import structlog
from django.db import DatabaseError

from beyou.instance.models import InstanceSettings
from beyou.instance.rules import ACCENTS

log = structlog.get_logger()

#: How long a process may show what another has changed meanwhile.
KEPT_SECONDS = 3.0
#: The names of what owners set, as fields of the row and of `Settings`.
FIELDS = ("name", "rules", "accent", "registration")


@dataclass(frozen=True, slots=True)
class Settings:
    """What owners have set; empty is what the environment says. Version 0: nothing was saved yet."""

    version: int = 0
    name: str = ""
    rules: str = ""
    accent: str = ""
    registration: str = ""

    @property
    def worn_accent(self) -> str:
        return self.accent or ACCENTS[0]


@dataclass(frozen=True, slots=True)
class _Held:
    settings: Settings
    until: float


_held = _Held(Settings(), 0.0)
_reading = threading.Lock()


def saved() -> Settings:
    """What the database says. One statement."""
    row = InstanceSettings.objects.filter(id=1).values("version", *FIELDS).first()
    return Settings(**row) if row else Settings()


def current() -> Settings:
    """What is set, as this process knew it at most `KEPT_SECONDS` ago. While the database does not answer,
    the last that was known stays: pages that say so have to be shown, too.
    """
    # One thread reads; the others go on with what was known.
    if time.monotonic() >= _held.until and _reading.acquire(blocking=not _held.until):
        try:
            if time.monotonic() >= _held.until:
                hold(saved())
        except DatabaseError:
            log.warning("instance.settings_unread")
            hold(_held.settings)
        finally:
            _reading.release()
    return _held.settings


def hold(settings: Settings, seconds: float = KEPT_SECONDS) -> None:
    """Pages of this process show these settings for so long."""
    global _held
    _held = _Held(settings, time.monotonic() + seconds)


def forget() -> None:
    """The next page of this process reads what is set."""
    global _held
    _held = _Held(Settings(), 0.0)
