"""The request chain around every page: request id, headers, and one place where errors become answers."""

import sys
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from beyou.core.errors import ApplicationError, InvalidInput, StoreAway
from beyou.core.http import problem_response, wants_json
from beyou.core.ids import uuid7

log = structlog.get_logger()

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
        # No text of ours holds a NUL, and PostgreSQL does not even let one be asked for.
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return self._answer(request, InvalidInput("This address holds a NUL, which no text does."))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if _is_store_failure(exception):
            log.warning("store.away", reason=type(exception).__name__)
            return self._answer(request, StoreAway())
        return self._answer(request, exception) if isinstance(exception, ApplicationError) else None

    @staticmethod
    def _answer(request: HttpRequest, error: ApplicationError) -> HttpResponse:
        if wants_json(request):
            return problem_response(error)
        template = f"errors/{error.status}.html" if error.status in (403, 404) else "errors/problem.html"
        response = render(request, template, {"error": error}, status=error.status)
        if "retry_after" in error.extra:
            response["Retry-After"] = str(error.extra["retry_after"])
        return response


def _is_store_failure(error: Exception) -> bool:
    """Whether Redis did not answer. An instance without Redis has not even loaded its client."""
    redis = sys.modules.get("redis.exceptions")
    return redis is not None and isinstance(error, redis.RedisError)
