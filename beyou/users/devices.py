"""Browsers that an account knows: a signed, random cookie, and a row per account that signed in with it."""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from beyou.core import clock
from beyou.core.ports.realtime import session_digest
from beyou.users.models import KnownDevice, User

COOKIE_SECONDS = 400 * 24 * 3600
_SALT = "users.device"
_NEW = "_new_device_token"


def device_digest(request: HttpRequest) -> str:
    """How rows name the browser; empty for one that has never signed in here, or whose cookie was forged."""
    token = getattr(request, _NEW, "") or _token(request)
    return session_digest(token) if token else ""


def _token(request: HttpRequest) -> str:
    try:
        token = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=_SALT)
    except signing.BadSignature:
        return ""
    return token if isinstance(token, str) else ""


def remember_device(request: HttpRequest, member: User) -> None:
    """The member's account knows this browser from now on. The answer to the request carries its cookie."""
    if not device_digest(request):
        setattr(request, _NEW, secrets.token_urlsafe(24))
    row = KnownDevice(member=member, token_digest=device_digest(request), created_at=clock.now())
    KnownDevice.objects.bulk_create([row], ignore_conflicts=True)


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Hands out the token that `remember_device` made during this request, if it made one."""
    token = getattr(request, _NEW, "")
    if token:
        response.set_cookie(
            settings.DEVICE_COOKIE_NAME,
            signing.dumps(token, salt=_SALT),
            max_age=COOKIE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
