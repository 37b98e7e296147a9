"""Puts the signed-in member on the request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class MemberMiddleware:
    """`request.member` is the active member of the session, or None. Stands after authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        # Not the lazy object around her, which costs a call for each look at a field.
        member = getattr(request, "_cached_user", user) if user.is_authenticated else None
        request.member = member  # type: ignore[attr-defined]  # MemberRequest
        return self.get_response(request)
