"""How the API learns who asks: by the session of a browser or of an app, or by an access token."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie
from ninja.security.base import AuthBase

from beyou.core import limits
from beyou.core.errors import NotAllowed
from beyou.core.http import client_ip
from beyou.users import queries
from beyou.users.access_tokens import note_use
from beyou.users.address_blocks import check_address
from beyou.users.app_sessions import is_app
from beyou.users.errors import AwaitsApproval, InsufficientScope, InvalidToken, SessionNeeded, Suspended
from beyou.users.http import DECISIONS, bearer_token, suspended_member, waiting_member
from beyou.users.scopes import Scope


class NotSignedIn(NotAllowed):
    code, status, title = "not_signed_in", 401, "Please sign in"


def refuse_shut_out(request: HttpRequest) -> None:
    """Raises `AwaitsApproval` for whoever is not let in yet, and `Suspended` for a member who is."""
    if waiting_member(request) is not None:
        raise AwaitsApproval
    if suspended_member(request) is not None:
        raise Suspended("Read why, and object if you like, on the page of decisions.", at=DECISIONS)


class SessionAuthentication(APIKeyCookie):
    """The session cookie, with Django's CSRF check on every unsafe method."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        refuse_shut_out(request)
        return getattr(request, "member", None)


class AppAuthentication(AuthBase):
    """The session of an app in the header `X-Session-Token`. No browser sends that by itself, so it needs no
    CSRF check; cookies beside it count for nothing.
    """

    openapi_type = "apiKey"

    def __call__(self, request: HttpRequest) -> Any:
        """The member, or None when no app asks. Raises `NotSignedIn`."""
        if not is_app(request):
            return None
        member = getattr(request, "member", None)
        if member is None:
            refuse_shut_out(request)
            raise NotSignedIn("The session is over or not signed in. Sign in, then try again.")
        return member


class TokenAuthentication(AuthBase):
    """A personal access token in `Authorization: Bearer …` (RFC 6750). It decides alone: cookies beside it
    count for nothing, and without cookies there is nothing to forge, so it needs no CSRF check.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: Scope | None) -> None:
        """`scope` is what the operation asks for; None when no token may use it."""
        self._scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> Any:
        """The member, or None when no token was sent. Raises `InvalidToken`, `SessionNeeded`,
        `InsufficientScope`, `RateLimited`, `AddressBlocked`.
        """
        text = bearer_token(request)
        if text is None:
            return None
        token = queries.access_token(text)
        if token is None:
            limits.check("token.address", client_ip(request))
            raise InvalidToken("It is unknown, expired or revoked. Make a new one in your settings.")
        limits.check("token.requests", str(token.pk))
        check_address(client_ip(request))
        if self._scope is None:
            raise SessionNeeded("This needs you in person. Sign in, then do it in your settings.")
        if self._scope not in token.scopes.split():
            raise InsufficientScope(f"It lacks the scope {self._scope}.", scope=self._scope.value)
        note_use(token)
        request.member = token.member  # type: ignore[attr-defined]  # MemberRequest
        return token.member
