"""The REST API: one NinjaAPI, one way to authenticate, one shape of errors."""

from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie

from beyou.core.errors import ApplicationError, InvalidInput, NotAllowed, UnknownField
from beyou.core.http import problem_response
from beyou.core.views import BadRequest, StalePage


class NotSignedIn(NotAllowed):
    code, status, title = "not_signed_in", 401, "Please sign in"


class SessionAuthentication(APIKeyCookie):
    """The session cookie, with Django's CSRF check on every unsafe method."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return getattr(request, "member", None)


api = NinjaAPI(
    title="BeYou",
    version="1",
    auth=SessionAuthentication(csrf=True),
    # Served below: ninja's own view answers every method.
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
)


@api.exception_handler(ApplicationError)
def application_error(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    return problem_response(error)


@api.exception_handler(AuthenticationError)
def authentication_error(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem_response(NotSignedIn("Sign in, then try again."))


@api.exception_handler(HttpError)
def framework_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja refuses by itself: bytes that are no JSON, and a failed CSRF check."""
    if error.status_code == 403:
        return problem_response(StalePage("Load the page again, then retry."))
    return problem_response(BadRequest("The body must be JSON (RFC 8259)."))


@api.exception_handler(RawPostDataException)
def form_instead_of_json(request: HttpRequest, error: RawPostDataException) -> HttpResponse:
    """A multipart body: the CSRF check has read it as a form, so nothing is left to parse."""
    return problem_response(BadRequest("The body must be JSON (RFC 8259)."))


@api.exception_handler(ValidationError)
def validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Names each wrong field; what was sent is not echoed, since it may be a secret."""
    fields = [
        {"at": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]} for item in error.errors
    ]
    unknown = any(item["type"] == "extra_forbidden" for item in error.errors)
    kind = UnknownField if unknown else InvalidInput
    return problem_response(kind("Some fields are missing, unknown or wrong.", fields=fields))


@api.exception_handler(Exception)
def reraise(request: HttpRequest, error: Exception) -> HttpResponse:
    raise error


for _app in ("users", "keys", "blocks", "notifications", "friends", "ledger", "messaging", "console"):
    if find_spec(f"beyou.{_app}.api"):
        api.add_router("", import_module(f"beyou.{_app}.api").router)


@lru_cache(maxsize=1)
def schema() -> bytes:
    """The API described as OpenAPI, indented, as docs/reference/openapi.json keeps it."""
    return orjson.dumps(api.get_openapi_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(schema(), content_type="application/json")
