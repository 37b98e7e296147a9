"""The typed request of a signed-in member, and the decorator that guarantees it."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

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
