"""Puts the signed-in member on the request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class MemberMiddleware:
    """`request.member` is the active member of the session, or None. Stands after authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.member = request.user if request.user.is_authenticated else None  # type: ignore[attr-defined]  # MemberRequest
        return self.get_response(request)
