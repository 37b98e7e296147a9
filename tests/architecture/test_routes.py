"""Walks every address as every role by every method, and refuses addresses that nobody declared."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote
from zlib import crc32

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponseBase, QueryDict
from django.test import Client
from django.urls import Resolver404, resolve

from beyou.users.oidc_settings import OidcProvider
from beyou.users.rules import Level
from tests.architecture import world as worlds
from tests.architecture.reading import ALL, names_read
from tests.architecture.routes import ROUTES, Access, Route, named_patterns, patterns
from tests.architecture.world import METHODS, ROLES, World
from tests.factories.standing import standing

pytestmark = pytest.mark.django_db

_EVERY_ROUTE = pytest.mark.parametrize("pattern", sorted(ROUTES))


_world = standing(worlds.build)


@pytest.fixture
def world(_world: World, settings: Any) -> World:
    # Nobody answers there, which is enough for addresses.
    settings.OIDC_PROVIDERS = (OidcProvider("example", "Example", "http://127.0.0.1:9", "beyou"),)
    return _world


def test_every_address_is_declared() -> None:
    found = list(patterns())
    assert sorted(set(found) - set(ROUTES)) == [], "declare these in tests/architecture/routes.py"
    assert sorted(set(ROUTES) - set(found)) == [], "these are declared and gone"


def test_no_two_addresses_of_an_app_share_a_name() -> None:
    """Of two, `{% url %}` takes the later one, and the buttons of the other lead astray."""
    ours = [(name, pattern) for name, pattern in named_patterns() if pattern in ROUTES]
    count = Counter(name for name, _ in ours)
    assert [each for each in ours if count[each[0]] > 1] == []


def _outcome(response: HttpResponseBase) -> str:
    location = response.headers.get("Location", "")
    if response.status_code == 401 or (response.status_code == 302 and location.startswith("/sign-in?")):
        return "sign in"
    if response.status_code == 302 and location in ("/home", "/join/again", "/sign-in"):
        return "sent elsewhere"
    named = {403: "refused", 404: "hidden", 405: "no such method"}
    return named.get(response.status_code, "done" if response.status_code < 500 else "broken")


def _methods(route: Route, pattern: str, role: str) -> list[str]:
    """What the address takes, and something else: another for each address and role, since the same lines
    refuse all of them. HEAD answers as GET does, whoever asks.
    """
    others = [each for each in METHODS if each not in route.methods]
    turn = crc32(pattern.encode()) + ROLES.index(role)
    taken = {each for each in route.methods if each != "HEAD" or role == "owner"}
    taken.add(others[turn % len(others)])
    return [method for method in METHODS if method in taken]


def _allowed_outcomes(route: Route, role: str, method: str) -> set[str]:
    """What the table says may happen."""
    if route.access is Access.NOBODY:
        return {"hidden", "no such method"}
    if route.access is Access.HIDDEN:
        may_look = role == "staff"
        return {"hidden" if not may_look else "done" if method in route.methods else "no such method"}
    if route.access is Access.DECOY:
        return {"refused"}
    if route.access is Access.GUEST:
        may_enter = role == "anonymous" and method in route.methods | {"OPTIONS"}
        return {"sent elsewhere", "no such method"} | ({"done"} if may_enter else set())
    if method not in route.methods:
        closed = {"no such method"} | ({"done"} if method == "OPTIONS" else set())
        if route.access not in (Access.PUBLIC, Access.APP):
            closed |= {"sign in"} if role == "anonymous" else set()
            closed |= {"hidden"} if role != "owner" else set()
        return closed
    if route.access in (Access.PUBLIC, Access.APP):
        return {"done", "sent elsewhere"}
    if role == "anonymous":
        return {"sign in"}
    if route.access is Access.STAFF:
        return {"done"} if role == "staff" else {"hidden", "refused"}
    if route.access in (Access.FRIEND, Access.VERIFIED):
        return {"done"} if role == "owner" else {"refused"}
    if route.access is Access.OWNER:
        return {"done"} if role == "owner" else {"hidden"}
    return {"done", "sent elsewhere"}


@pytest.mark.same_everywhere
@_EVERY_ROUTE
def test_each_role_gets_what_the_table_says(world: World, pattern: str) -> None:
    route, path = ROUTES[pattern], world.path(pattern)
    surprises = []
    for role in ROLES:
        for method in _methods(route, pattern, role):
            outcome = _outcome(world.ask(role, method, path, route.body()))
            if outcome not in _allowed_outcomes(route, role, method):
                surprises.append(f"{role} {method} {path}: {outcome}")
    assert surprises == []


@pytest.mark.same_everywhere
@pytest.mark.parametrize(
    "pattern", sorted(p for p in ROUTES if ROUTES[p].level or ROUTES[p].access is Access.STAFF)
)
def test_each_staff_level_opens_its_own_pages_and_no_others(world: World, pattern: str) -> None:
    route, path = ROUTES[pattern], world.path(pattern)
    surprises = []
    for level in Level:
        may = level is Level.OWNER or route.level in (None, level)
        for method in sorted(route.methods):
            outcome = _outcome(world.ask(_role(level), method, path, route.body()))
            if (outcome == "done") != may or (not may and outcome != "hidden"):
                surprises.append(f"{level} {method} {path}: {outcome}")
    assert surprises == []


@pytest.mark.same_everywhere
@pytest.mark.parametrize("pattern", sorted(p for p in ROUTES if ROUTES[p].access is Access.OWNER))
def test_a_stranger_cannot_tell_another_members_object_from_a_missing_one(world: World, pattern: str) -> None:
    for method in ROUTES[pattern].methods - {"HEAD"}:
        body = ROUTES[pattern].body()
        real = world.ask("stranger", method, world.path(pattern), body)
        missing = world.ask("stranger", method, world.missing_path(pattern), body)
        assert real.status_code == missing.status_code == 404
        assert _steady(real) == _steady(missing)


def _role(level: Level) -> str:
    return "owner of the instance" if level is Level.OWNER else level.value


def _steady(response: HttpResponseBase) -> bytes:
    """The body without the one part that differs on every page: the masked CSRF token."""
    body: bytes = response.content  # type: ignore[attr-defined]
    token = response.cookies.get("beyou-csrf")
    for masked in _csrf_tokens(body):
        body = body.replace(masked, b"token")
    return body.replace(token.value.encode(), b"token") if token else body


def _csrf_tokens(body: bytes) -> list[bytes]:
    return re.findall(rb"\b[A-Za-z0-9]{64}\b", body)


#: What staff look at is written down before they see it.
_AUDITED = {
    f"{settings.STAFF_PREFIX}/reports/<uuid:case_id>",
    f"{settings.STAFF_PREFIX}/reports/<uuid:case_id>/pictures/<uuid:shown_id>",
    f"{settings.STAFF_PREFIX}/claims/<uuid:claim_id>",
    f"{settings.STAFF_PREFIX}/claims/<uuid:claim_id>/pictures/<uuid:evidence_id>",
    f"{settings.STAFF_PREFIX}/sign-ins",
    f"{settings.STAFF_PREFIX}/sign-ins.csv",
    f"{settings.ADMIN_PATH}/<str:app_label>/<str:model_name>/",
    f"{settings.ADMIN_PATH}/<str:app_label>/<str:model_name>/<str:object_id>/",
}


@pytest.mark.same_everywhere
@pytest.mark.parametrize("pattern", sorted(p for p in ROUTES if "GET" in ROUTES[p].methods))
def test_reading_changes_nothing(world: World, pattern: str) -> None:
    for role in ROLES:
        client = world.client(role)
        before = worlds.rows()
        client.get(world.path(pattern))
        written = ["audit.AuditRecord", "audit.Head"] if pattern in _AUDITED and role == "staff" else []
        assert worlds.changed(before) == written, f"GET {pattern} as {role} wrote"


_UNSAFE = [
    (pattern, method)
    for pattern, route in sorted(ROUTES.items())
    for method in sorted(route.methods - {"GET", "HEAD", "OPTIONS"})
    if route.access is not Access.APP
]


@pytest.mark.same_everywhere
@pytest.mark.parametrize(("pattern", "method"), _UNSAFE)
@pytest.mark.parametrize("role", ["anonymous", "owner"])
def test_writing_needs_a_token_and_our_own_origin(world: World, pattern: str, method: str, role: str) -> None:
    path, client = world.path(pattern), world.client(role, enforce_csrf_checks=True)
    before = worlds.rows()
    assert client.generic(method, path, b"{}").status_code in (401, 403)
    client.get("/")
    token = client.cookies["beyou-csrf"].value if "beyou-csrf" in client.cookies else ""
    foreign = {"HTTP_X_CSRFTOKEN": token, "HTTP_ORIGIN": "https://evil.example"}
    assert client.generic(method, path, b"{}", **foreign).status_code in (401, 403)
    assert worlds.changed(before) == []


@pytest.mark.parametrize("pattern", sorted(p for p in ROUTES if ROUTES[p].access is Access.APP))
def test_where_apps_sign_in_a_browser_is_nobody_and_stays_what_it_was(world: World, pattern: str) -> None:
    path, client = world.path(pattern), world.client("owner", enforce_csrf_checks=True)
    before = worlds.rows()
    for method in sorted(ROUTES[pattern].methods):
        answer = client.generic(method, path, b"{}", content_type=_JSON, HTTP_ORIGIN="https://evil.example")
        assert not answer.cookies
        assert "signed_in" not in answer.content.decode()
    assert worlds.changed(before) == []
    assert client.get("/home").status_code == 200


_BAD_TEXTS = [
    "%00",
    "%ff%fe",
    "%F0%9F%98%80",
    "..%2f..%2fetc%2fpasswd",
    "'%20OR%201=1--",
    "{{7*7}}",
    "%0d%0aSet-Cookie:a=b",
    "9" * 400,
    "-1",
    "NaN",
    "1e999",
    "null",
    "a" * 8000,
]
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_BAD_BODIES = [
    (b"", _JSON),
    (b"{", _JSON),
    (b"[]", _JSON),
    (b"null", _JSON),
    (b'{"a":' * 500 + b"1" + b"}" * 500, _JSON),
    (b'{"id":1e999,"member":{},"text":[]}', _JSON),
    (b'{"id":"\\ud800","text":"\\u0000"}', _JSON),
    (b"\xff\xfe\x00", _JSON),
    (b"handle=%00&email=%ff&q=%00&text=%00", _FORM),
    (b"a=1&" * 1500, _FORM),
    (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
    (b"--", "multipart/form-data"),
    (b"x", "text/plain; charset=nonsense"),
]


#: Texts that engines take or refuse differently; the rest is the same code above them.
_ENGINES_DIFFER = {"%00", "%F0%9F%98%80", "9" * 400, "1e999", "-1"}
_NAMES = ("q", "after", "before", "limit", "next", "page", "from", "to", "device", "format", "pinned")


def _bad_texts() -> list[str]:
    return _BAD_TEXTS if connection.vendor == "sqlite" else sorted(_ENGINES_DIFFER)


def _bad_bodies(pattern: str) -> list[tuple[bytes, str]]:
    """For a page all JSON is an empty form, and for the API all forms are no JSON."""
    if connection.vendor != "sqlite":
        return [_BAD_BODIES[6] if pattern.startswith("api/") else _BAD_BODIES[8]]
    own = _JSON if pattern.startswith("api/") else _FORM
    first_of_kind = {kind: body for body, kind in reversed(_BAD_BODIES)}
    return [(body, kind) for body, kind in _BAD_BODIES if kind == own or body is first_of_kind[kind]]


@_EVERY_ROUTE
def test_malformed_input_is_never_our_fault(world: World, pattern: str) -> None:
    route, path = ROUTES[pattern], world.path(pattern)
    client = world.client("staff" if route.access in (Access.STAFF, Access.HIDDEN) else "owner")
    if "GET" in route.methods:
        _ask_badly(client, path)
    if "<" in pattern:
        for bad in _reached("/" + worlds.fill(pattern, text) for text in _bad_texts()):
            _check_not_broken(client.get(bad), bad[:80])
    for method in sorted(route.methods & {"POST", "PUT", "PATCH", "DELETE"}):
        for body, content_type in _bad_bodies(pattern):
            response = client.generic(method, path, body, content_type=content_type)
            _check_not_broken(response, f"{method} {path} {content_type} {body[:40]!r}")


def _ask_badly(client: Client, path: str) -> None:
    """With each text under each name that the view looks at."""
    with names_read() as read:
        client.get(path)
        for count, text in enumerate(_bad_texts()):
            if count and not read & {ALL, *_NAMES}:
                break
            query = "&".join(f"{name}={text}" for name in _NAMES)
            _check_not_broken(client.get(f"{path}?{query}"), f"{path}?…={text[:40]}")


def _reached(paths: Iterable[str]) -> Iterator[str]:
    """Those that lead to a view, and the first that leads nowhere: there all are alike."""
    is_nowhere_seen = False
    for path in paths:
        try:
            resolve(unquote(path))
        except Resolver404:
            if is_nowhere_seen:
                continue
            is_nowhere_seen = True
        yield path


def _check_not_broken(response: HttpResponseBase, what: str) -> None:
    assert response.status_code < 500, f"{what}: {response.status_code}"


def test_a_view_that_looks_at_a_name_is_seen_to() -> None:
    """Guards the walks above: a spy that sees nothing would leave everything out."""
    query = QueryDict("q=a&after=b")
    with names_read() as read:
        assert query.get("q") == "a"
        assert "after" in query
        assert query.getlist("limit") == []
    assert read == {"q", "after", "limit"}
    for take in (
        dict,
        list,
        QueryDict.dict,
        QueryDict.urlencode,
        QueryDict.copy,
        lambda each: [*each.items()],
    ):
        with names_read() as read:
            take(query)
        assert ALL in read, take
    with names_read() as read:
        pass
    assert read == set()
