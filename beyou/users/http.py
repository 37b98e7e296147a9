"""Requests of signed-in members, and what a request tells of a sign-in."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from beyou.core.http import client_ip
from beyou.users.services import SignInAttempt

if TYPE_CHECKING:
    from beyou.users.models import User

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request that carries a signed-in, active member."""

    member: "User"


def member_required(
    view: Callable[Concatenate[MemberRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Sends visitors to sign in and brings them back to where they wanted to go."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if getattr(request, "member", None) is None:
            return redirect_to_login(request.get_full_path())
        return view(cast(MemberRequest, request), *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", wrapped)


def sign_in_attempt(request: HttpRequest) -> SignInAttempt:
    """Where the attempt comes from, as the record of sign-ins keeps it."""
    session_key = request.session.session_key or ""
    return SignInAttempt(
        path=request.path[:100],
        address=client_ip(request),
        user_agent=request.headers.get("User-Agent", "")[:300],
        session_digest=sha256(session_key.encode()).hexdigest() if session_key else "",
    )
