"""Puts the signed-in member on the request."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from beyou.core.http import APP_SESSION
from beyou.users.app_sessions import is_app
from beyou.users.http import bearer_token


class MemberMiddleware:
    """`request.member` is the active member of the session, or None. Stands after authentication.

    Beside a token the session counts for nothing; the API puts the member of the token in its place.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if bearer_token(request) is not None:
            request.user = AnonymousUser()
        user = request.user
        # Not the lazy object around her, which costs a call for each look at a field.
        member = getattr(request, "_cached_user", user) if user.is_authenticated else None
        if member is not None and request.session.get(APP_SESSION) and not is_app(request):
            request.user, member = AnonymousUser(), None
        request.member = member  # type: ignore[attr-defined]  # MemberRequest
        return self.get_response(request)
