"""Every answer, errors and files included, carries the headers that keep a page's guests in their place."""

import re

import pytest
from django.conf import settings
from django.http import HttpResponseBase

from tests.architecture import world as worlds
from tests.architecture.routes import ROUTES
from tests.architecture.world import World
from tests.factories.standing import standing

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

_STRICT = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "base-uri": {"'none'"},
    "form-action": {"'self'"},
    "frame-ancestors": {"'none'"},
    "require-trusted-types-for": {"'script'"},
    "trusted-types": {"beyou", "beyou-htmx", "lit-html"},
}
_EXACT = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LEAKS = ("Server", "X-Powered-By", "X-AspNet-Version", "Access-Control-Allow-Origin")


world = standing(worlds.build)


def _policy(header: str) -> dict[str, set[str]]:
    parts = [part.split() for part in header.split(";") if part.strip()]
    return {part[0]: set(part[1:]) for part in parts}


#: What members uploaded runs nothing and loads nothing, even when it is opened by itself.
_CAGED = {"sandbox": set(), "default-src": {"'none'"}}


def _check(response: HttpResponseBase, what: str) -> None:
    headers = response.headers
    policy = _policy(headers.get("Content-Security-Policy", ""))
    if headers.get("Content-Type", "").startswith("image/") and "pictures/" in what:
        assert policy == _CAGED, what
        policy = policy | _STRICT
    for directive, sources in _STRICT.items():
        assert policy.get(directive) == sources, f"{what}: {directive}"
    allowed = set().union(*policy.values())
    assert not allowed & {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"}, what
    for name, value in _EXACT.items():
        assert headers.get(name) == value, f"{what}: {name} is {headers.get(name)!r}"
    assert "camera=()" in headers["Permissions-Policy"], what
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["X-Request-Id"]), what
    assert not [name for name in _LEAKS if name in headers], what
    kind = headers.get("Content-Type", "")
    if kind.startswith("text/"):
        assert "charset=utf-8" in kind.lower(), f"{what}: {kind}"
    for cookie in (cookie for cookie in response.cookies.values() if cookie.value):
        assert cookie["httponly"] is True, f"{what}: {cookie.key}"
        assert cookie["samesite"] == "Lax", f"{what}: {cookie.key}"
        assert not cookie["domain"], f"{what}: {cookie.key}"


@pytest.mark.parametrize("pattern", sorted(ROUTES))
def test_every_answer_carries_strict_headers(world: World, pattern: str) -> None:
    for role in ("anonymous", "owner"):
        for method in ("GET", "POST", "DELETE"):
            _check(world.ask(role, method, world.path(pattern)), f"{role} {method} {pattern}")


@pytest.mark.parametrize(
    "path", ["/no/such/page", "/api/v1/no/such/thing", "/static/none.js", "/%00", "/..%2f", "/.git/HEAD"]
)
def test_errors_carry_them_too(world: World, path: str) -> None:
    response = world.ask("anonymous", "GET", path)
    assert response.status_code in (400, 404, 422)
    _check(response, path)


def test_a_wrong_host_is_refused_without_echo(world: World) -> None:
    response = world.client("anonymous").get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert b"evil.example" not in response.content


def test_pages_of_members_are_never_cached(world: World) -> None:
    for pattern, route in ROUTES.items():
        if "GET" in route.methods and "anonymous" not in route.access:
            response = world.ask("owner", "GET", world.path(pattern))
            if response.headers.get("Content-Type", "").startswith("text/html"):
                assert "no-store" in response.headers["Cache-Control"], pattern


def test_problems_of_the_api_are_problem_json(world: World) -> None:
    response = world.ask("anonymous", "GET", "/api/v1/no/such/thing")
    assert response.headers["Content-Type"] == "application/problem+json"


def test_the_policy_is_set_once_for_every_kind_of_answer() -> None:
    chain = settings.MIDDLEWARE
    files = chain.index("whitenoise.middleware.WhiteNoiseMiddleware")
    assert chain.index("csp.middleware.CSPMiddleware") < files
    assert chain.index("beyou.core.middleware.HeadersMiddleware") < files
