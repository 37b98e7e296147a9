"""A fresh proof of who it is, before a copy leaves or an account goes: whoever has none signs in again."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from beyou.core import clock
from beyou.users.http import MemberRequest, member_required

P = ParamSpec("P")

FRESH_SECONDS = 15 * 60


def recently_authenticated(
    view: Callable[Concatenate[MemberRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Members who gave a proof within fifteen minutes; the others sign in again and come back."""

    @member_required
    @wraps(view)
    def wrapped(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        proofs = request.session.get("account_authentication_methods", [])
        newest = max((float(proof.get("at", 0)) for proof in proofs), default=0.0)
        if clock.now_ms() / 1000 - newest < FRESH_SECONDS:
            return view(request, *args, **kwargs)
        logout(request)
        return redirect_to_login(request.get_full_path() if request.method == "GET" else "/settings/data")

    return wrapped
