"""The REST API: one NinjaAPI, one table of who may use what, one shape of errors."""

from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Router
from ninja.constants import NOT_SET
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation

from beyou.config.authentication import (
    AppAuthentication,
    NotSignedIn,
    SessionAuthentication,
    TokenAuthentication,
)
from beyou.config.scopes import SCOPE_OF
from beyou.core.errors import ApplicationError, InvalidInput, UnknownField
from beyou.core.http import problem_response
from beyou.core.views import BadRequest, StalePage
from beyou.users.app_sessions import HEADER
from beyou.users.errors import InsufficientScope, InvalidToken
from beyou.users.scopes import MEANING

api = NinjaAPI(
    title="BeYou",
    version="1",
    # Never used: each operation gets its own below. Without it a forgotten one would be open.
    auth=SessionAuthentication(csrf=True),
    # Served below: ninja's own view answers every method.
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
)


@api.exception_handler(ApplicationError)
def application_error(request: HttpRequest, error: ApplicationError) -> HttpResponse:
    response = problem_response(error)
    if isinstance(error, InvalidToken):
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    elif isinstance(error, InsufficientScope):
        response["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{error.extra["scope"]}"'
    return response


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


_SESSION, _APP = SessionAuthentication(csrf=True), AppAuthentication()


def operation_name(operation: Operation) -> str:
    """`app.function`, as the table of scopes has it."""
    return f"{operation.view_func.__module__.split('.')[1]}.{operation.view_func.__name__}"


def operations(router: Router) -> list[Operation]:
    return [operation for view in router.path_operations.values() for operation in view.operations]


def _protect(router: Router) -> None:
    """Every operation that is not open to everybody takes a session, or a token with its scope."""
    for operation in operations(router):
        if router.auth is NOT_SET and operation.auth_param is NOT_SET:
            token = TokenAuthentication(SCOPE_OF.get(operation_name(operation)))
            operation.auth_param = operation.auth_callbacks = [token, _APP, _SESSION]


ROUTERS: list[Router] = [import_module("beyou.users.app_api").router]
api.add_router("", ROUTERS[0])
for _app in (
    "users",
    "keys",
    "blocks",
    "notifications",
    "friends",
    "ledger",
    "messaging",
    "payments",
    "marketplace",
    "offers",
    "orders",
    "disputes",
    "reviews",
    "analytics",
    "reports",
    "console",
):
    if find_spec(f"beyou.{_app}.api"):
        ROUTERS.append(import_module(f"beyou.{_app}.api").router)
        _protect(ROUTERS[-1])
        api.add_router("", ROUTERS[-1])

_SECURITY_SCHEMES = {
    "sessionCookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SessionAuthentication.param_name,
        "description": "The session of a browser. What changes something also needs the CSRF token of a page"
        " in the header `X-CSRFToken`.",
    },
    "appSession": {
        "type": "apiKey",
        "in": "header",
        "name": HEADER,
        "description": "The session of an app that signed its member in under `/api/v1/auth/`.",
    },
    "bearerToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A personal access token from the settings. Each operation names the scope that it"
        " needs:\n\n" + "\n".join(f"- `{scope}`: {words}" for scope, words in MEANING.items()),
    },
}


@lru_cache(maxsize=1)
def schema() -> bytes:
    """The API described as OpenAPI, indented, as docs/reference/openapi.json keeps it."""
    described: dict[str, Any] = api.get_openapi_schema()
    described["components"]["securitySchemes"] = _SECURITY_SCHEMES
    scopes = {f"beyou_{name.replace('.', '_api_')}": scope for name, scope in SCOPE_OF.items()}
    for path in described["paths"].values():
        for operation in path.values():
            if "security" in operation:
                scope = scopes.get(operation["operationId"])
                tokens = [{"bearerToken": [scope]}] if scope else []
                operation["security"] = [{"sessionCookie": []}, {"appSession": []}, *tokens]
    return orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(schema(), content_type="application/json")
