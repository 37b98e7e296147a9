"""What every face needs of HTTP: the client's address, problem JSON, typed requests."""

import ipaddress
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from beyou.core.errors import ApplicationError

#: Where a session says that it is an app's, which names it in a header and never in a cookie.
APP_SESSION = "is_app"


def client_ip(request: HttpRequest) -> str:
    """The address of the client, from the socket, or from the part of X-Forwarded-For that our own
    proxies wrote (BEYOU_TRUSTED_PROXIES counts them). Always a valid address; `0.0.0.0` if unknown.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(hops) >= settings.TRUSTED_PROXIES:
            address = hops[-settings.TRUSTED_PROXIES]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return "0.0.0.0"  # noqa: S104  (a value that means unknown, not a bind address)


def wants_json(request: HttpRequest) -> bool:
    """The API, and whatever else a script asks for JSON alone."""
    return request.path.startswith("/api/") or request.headers.get("Accept") == "application/json"


def json_response(value: Any, status: int = 200) -> HttpResponse:
    """The value as JSON, as the API answers."""
    return HttpResponse(orjson.dumps(value), status=status, content_type="application/json")


def problem_response(error: ApplicationError) -> HttpResponse:
    """RFC 9457."""
    response = HttpResponse(
        orjson.dumps(error.problem(), default=str),
        status=error.status,
        content_type="application/problem+json",
    )
    if "retry_after" in error.extra:
        response["Retry-After"] = str(error.extra["retry_after"])
    return response
