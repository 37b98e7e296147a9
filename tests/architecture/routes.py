"""Every address of the site, who may use it and how. A pattern that is missing here fails the suite."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.urls import URLPattern, URLResolver, get_resolver


class Access(StrEnum):
    """Who gets what was asked for; everybody else gets the answer in brackets."""

    PUBLIC = "everybody"
    MEMBER = "members (visitors are sent to sign in)"
    OWNER = "those whom the object belongs to (other members: as if it did not exist)"
    STAFF = "staff (members: as if it did not exist)"
    NOBODY = "nobody; it exists only in development, or to be reversed"


@dataclass(frozen=True, slots=True)
class Route:
    access: Access
    methods: frozenset[str]


def _get(access: Access) -> Route:
    return Route(access, frozenset({"GET", "HEAD"}))


def _post(access: Access) -> Route:
    return Route(access, frozenset({"POST"}))


def _form(access: Access) -> Route:
    return Route(access, frozenset({"GET", "HEAD", "POST"}))


#: Ninja answers HEAD with 405, as its own list of methods says.
def _api(access: Access, *methods: str) -> Route:
    return Route(access, frozenset(methods))


P, M, O, S = Access.PUBLIC, Access.MEMBER, Access.OWNER, Access.STAFF  # noqa: E741  (read as a table)

ROUTES: dict[str, Route] = {
    # The instance
    "": _get(P),
    "offline": _get(P),
    "about/security": _get(P),
    "sw.js": _get(P),
    "manifest.webmanifest": _get(P),
    "favicon.ico": _get(P),
    "healthz/live": _get(P),
    "healthz/ready": _get(P),
    # The member's own pages
    "home": _get(M),
    "settings": _get(M),
    "settings/look": _form(M),
    # Chats
    "chats": _get(M),
    "chats/recent": _get(M),
    "chats/<uuid:conversation_id>": _get(O),
    "chats/<uuid:conversation_id>/send": _post(O),
    "chats/with/<slug:handle>": _post(M),
    # The API
    "api/v1/": Route(Access.NOBODY, frozenset()),
    "api/v1/openapi.json": _get(P),
    "api/v1/me": _api(M, "GET"),
    "api/v1/conversations": _api(M, "GET", "POST"),
    "api/v1/conversations/<uuidstr:conversation_id>": _api(O, "GET"),
    "api/v1/conversations/<uuidstr:conversation_id>/roster": _api(O, "GET"),
    "api/v1/conversations/<uuidstr:conversation_id>/messages": _api(O, "GET", "POST"),
    "api/v1/conversations/<uuidstr:conversation_id>/receipts": _api(O, "POST"),
}


def patterns() -> Iterator[str]:
    """The pattern of every view that the resolver can reach, as Django writes it.

    Ninja mounts one view once for each of its operations.
    """
    yield from dict.fromkeys(_walk(get_resolver(), ""))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield pattern
        else:
            yield from _walk(entry, pattern)
