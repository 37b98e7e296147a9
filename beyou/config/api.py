"""The REST API: one NinjaAPI, one way to authenticate, one shape of errors."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.security import APIKeyCookie

from beyou.core.errors import ApplicationError, InvalidInput, NotAllowed, UnknownField
from beyou.core.http import problem_response


class NotSignedIn(NotAllowed):
    code, status, title = "not_signed_in", 401, "Please sign in"


class SessionAuthentication(APIKeyCookie):
    """The session cookie, with Django's CSRF check on every unsafe method."""

    param_name = "beyou-session"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return getattr(request, "member", None)


api = NinjaAPI(
    title="BeYou",
    version="1",
    auth=SessionAuthentication(csrf=True),
    openapi_url="/openapi.json",
    docs_url=None,
    urls_namespace="api",
)


@api.exception_handler(ApplicationError)
def application_error(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    return problem_response(error)


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
