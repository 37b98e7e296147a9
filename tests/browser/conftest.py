"""Chromium, a live server, and people signed in through the real sign-in page. Nothing waits for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.server import Server, running
from tests.factories.members import PASSWORD

CHROMIUM = "/usr/bin/chromium"
TIMEOUT_MS = 15_000
HERE = Path(__file__).parent

Person = Callable[..., BrowserContext]
Opened = Callable[..., BrowserContext]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives Chromium, so nobody has to remember the marker."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that tests share. Whoever kills or tampers takes `own_live`."""
    with running(tmp_path_factory.mktemp("live")) as server:
        yield server


@pytest.fixture
def own_live(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path) as server:
        yield server


def befriend(server: Server, *handles: str) -> None:
    """Members with these handles exist and are all friends of each other."""
    server.run(f"""
from itertools import combinations
from beyou.friends import queries
from beyou.friends.models import Friendship
from beyou.users.models import User
from tests.factories.members import member
people = [User.objects.filter(handle=h).first() or member(h) for h in {json.dumps(handles)}]
for a, b in combinations(sorted(people, key=lambda person: person.id), 2):
    if not queries.are_friends(a.id, b.id):
        Friendship.objects.create(first=a, second=b)
""")


class Watch:
    """What no page may ever do: throw, or break its content security policy."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._error(page.url, str(error)))
        page.on("console", lambda message: self._console(page.url, message.text))

    def _error(self, url: str, text: str) -> None:
        # Chromium reports a page transition that a quick navigation cut short; no script of ours takes part.
        if "Transition was" not in text:
            self.faults.append(f"{url}: {text}")

    def _console(self, url: str, text: str) -> None:
        if "Content Security Policy" in text or "TrustedHTML" in text or "TrustedScript" in text:
            self.faults.append(f"{url}: {text}")


def sign_in(page: Page, server: Server, handle: str) -> None:
    """Goes through the sign-in page as a person does; ends on the page that members land on."""
    page.goto(f"{server.origin}/sign-in")
    page.locator("input[name=login]").fill(f"{handle}@example.org")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button:not([type=button])").first.click()
    page.wait_for_url(f"{server.origin}/home")


def enter(page: Page, server: Server, handle: str) -> None:
    """Signed in by a session that is made beside the server, which takes less time than the sign-in page.
    Ends on the page that members land on.
    """
    key = server.run(f"""
from beyou.users.models import User
from tests.factories.members import client_of
print(client_of(User.objects.get(handle={handle!r})).session.session_key)
""")
    page.context.add_cookies([{"name": "beyou-session", "value": key.strip(), "url": server.origin}])
    page.goto(f"{server.origin}/home")


@pytest.fixture
def open_person(browser: Browser) -> Iterator[Opened]:
    """`open_person(server, "alice")` gives a browser of her own in which she is signed in, its page open."""
    contexts: list[BrowserContext] = []
    watch = Watch()

    def opened(server: Server, handle: str, **options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        context.on("page", watch.page)
        enter(context.new_page(), server, handle)
        return context

    yield opened
    for context in contexts:
        context.close()
    assert watch.faults == []


@pytest.fixture
def person(live: Server, open_person: Opened) -> Person:
    """`person("alice")`: a signed-in browser on the shared server; the member is made when missing."""

    def opened(handle: str, **options: Any) -> BrowserContext:
        befriend(live, handle)
        return open_person(live, handle, **options)

    return opened
