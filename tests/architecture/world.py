"""A small world for walks over all addresses: alice owns things, bob shares them, charlie is a stranger."""

import re
from dataclasses import dataclass, field
from uuid import uuid4

from django.apps import apps
from django.contrib.sessions.models import Session
from django.http import HttpResponseBase
from django.test import Client

from beyou.users.models import User
from tests.factories import members

METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
ROLES = ("anonymous", "stranger", "staff", "owner")
_PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")


@dataclass
class World:
    alice: User
    bob: User
    charlie: User
    staff: User
    #: parameter name → value that belongs to alice
    values: dict[str, str] = field(default_factory=dict)

    def path(self, pattern: str) -> str:
        """The address of alice's object; a parameter without one gets an id that nothing has."""
        return "/" + _PARAMETER.sub(lambda match: self.values[match["name"]], pattern)

    def missing_path(self, pattern: str) -> str:
        """The same address for objects that do not exist."""
        return "/" + _PARAMETER.sub(
            lambda match: str(uuid4()) if str(match["converter"]).startswith("uuid") else "nobody_here",
            pattern,
        )

    def client(self, role: str, *, enforce_csrf_checks: bool = False) -> Client:
        person = {"stranger": self.charlie, "staff": self.staff, "owner": self.alice}.get(role)
        if person is None:
            return members.visitor(enforce_csrf_checks=enforce_csrf_checks)
        return members.client_of(person, enforce_csrf_checks=enforce_csrf_checks)

    def ask(self, role: str, method: str, path: str) -> HttpResponseBase:
        """One request with an empty body, in a fresh browser."""
        content_type = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
        body = b"{}" if content_type == "application/json" and method != "GET" else b""
        return self.client(role).generic(method, path, body, content_type=content_type)  # type: ignore[no-any-return]


def build() -> World:
    return World(members.alice(), members.bob(), members.charlie(), members.staff())


def fill(pattern: str, value: str) -> str:
    """The pattern with the same text in the place of every parameter."""
    return _PARAMETER.sub(lambda match: value, pattern)


def rows() -> dict[str, list[tuple[object, ...]]]:
    """Every row of the database but those of sessions, which a request may renew."""
    return {
        model._meta.label: sorted(model._default_manager.values_list(), key=repr)
        for model in apps.get_models()
        if model is not Session
    }
