"""The request chain around every page: request id, headers, and one place where errors become answers."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from beyou.core.errors import ApplicationError
from beyou.core.http import problem_response, wants_json
from beyou.core.ids import uuid7

Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Gives every log line of a request the same id, and the client too."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = str(uuid7())
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class HeadersMiddleware:
    """Cross-origin isolation headers on every response; pages of members are never cached by proxies."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        response.setdefault("Cache-Control", "no-store")
        return response


class ErrorMiddleware:
    """Maps `ApplicationError` once: problem JSON for the API, an error page for people."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ApplicationError):
            return None
        if wants_json(request):
            return problem_response(exception)
        template = (
            f"errors/{exception.status}.html" if exception.status in (403, 404) else "errors/problem.html"
        )
        return render(request, template, {"error": exception}, status=exception.status)
