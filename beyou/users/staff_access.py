"""How long a session that has shown a second factor stays good for the pages of the staff."""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest

from beyou.core import clock
from beyou.users import confirmation
from beyou.users.rules import SessionLimits
from beyou.users.session_store import SessionStore

_SAFE = ("GET", "HEAD", "OPTIONS")


def limits_of_staff() -> SessionLimits:
    return SessionLimits(
        idle=dt.timedelta(minutes=settings.STAFF_IDLE_MINUTES),
        absolute=dt.timedelta(hours=settings.STAFF_ABSOLUTE_HOURS),
    )


def has_fresh_proof(request: HttpRequest) -> bool:
    """Whether the session showed a second factor within BEYOU_STAFF_ABSOLUTE_HOURS, and has shown one or used
    a page of the staff within BEYOU_STAFF_IDLE_MINUTES.
    """
    proved_at = confirmation.factor_proved_at(request)
    if proved_at is None:
        return False
    used_at = max(proved_at, _used_at(request) or proved_at)
    return limits_of_staff().is_open(proved_at, used_at, clock.now())


def is_act_of_a_person(request: HttpRequest) -> bool:
    """Whether somebody went to a page or sent a form just now. What an open page asks for by itself, such as
    a list that follows its changes or a claim that is kept, keeps no proof fresh.
    """
    if request.headers.get("HX-Request"):
        return request.method not in _SAFE
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def note_admission(request: HttpRequest) -> None:
    """A page of the staff answers this request."""
    if is_act_of_a_person(request):
        request._used_staff_page = True  # type: ignore[attr-defined]  # `is_used`


def is_used(request: HttpRequest) -> bool:
    """Whether somebody has used a page of the staff with this request."""
    return getattr(request, "_used_staff_page", False)


def note_refusal(request: HttpRequest) -> None:
    """The session counts as away from the staff pages, so that live hints for the staff reach it no more."""
    if _used_at(request) is not None and isinstance(request.session, SessionStore):
        request.session.note_staff_use(None)


def _used_at(request: HttpRequest) -> dt.datetime | None:
    stored = getattr(request.session, "stored", None)
    return stored.staff_seen_at if stored else None
