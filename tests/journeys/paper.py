"""A browser without scripts: it reads pages, fills in their forms, and follows where they lead."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.test import Client

from beyou.users.models import User
from tests.factories import members


class _Forms(HTMLParser):
    """The forms of a page: address → what each would send if nobody touched it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form" and has.get("method") == "post":
            self._open = self.found.setdefault(has.get("action", ""), {})
        if tag == "input" and self._open is not None and "name" in has:
            is_chosen = has.get("type") not in ("radio", "checkbox") or "checked" in has
            if is_chosen:
                self._open[has["name"]] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


class Paper:
    """One tab. `page` is what it shows; every form carries its own token, which the server checks."""

    def __init__(self, person: User | None = None, *, like: Paper | None = None) -> None:
        """A browser in which the person is signed in, or another tab of one."""
        self.client: Client
        if like is not None:
            self.client = like.client
        elif person is not None:
            self.client = members.client_of(person, enforce_csrf_checks=True)
        self.page: Any = None

    @property
    def text(self) -> str:
        return str(self.page.content.decode())

    @property
    def at(self) -> str:
        return str(self.page.request["PATH_INFO"])

    @property
    def forms(self) -> dict[str, dict[str, str]]:
        reader = _Forms()
        reader.feed(self.text)
        return reader.found

    def go(self, address: str) -> Paper:
        """Opens an address as it would be typed."""
        self.page = self.client.get(address, follow=True)
        return self

    def send(self, action: str = "", **typed: str) -> Paper:
        """Fills in the form with this address on the page as it is shown, and presses its button."""
        form = self.forms[action]
        self.page = self.client.post(action or self.at, form | typed, follow=True)
        return self
