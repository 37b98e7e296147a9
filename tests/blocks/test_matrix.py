"""A block over every address, list, search, field and frame: to each of the two the other one is nobody.

The table of routes drives it, so that a new address is covered when it is declared. Alice blocks mallory;
before, they were friends and talked. Bob is a friend of both.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client

from beyou.blocks.models import UserBlock
from beyou.blocks.services import block
from beyou.config.api import api
from beyou.core import events, limits
from beyou.notifications.models import Kind, Notification
from beyou.notifications.services import notify
from beyou.users.models import User
from beyou.users.profiles import set_picture
from tests.architecture import world as worlds
from tests.architecture.reading import ALL, names_read
from tests.architecture.routes import ROUTES, Access, Route
from tests.architecture.world import World
from tests.factories import members
from tests.factories.pictures import picture
from tests.factories.standing import standing
from tests.messaging.world import chat, say

pytestmark = pytest.mark.same_everywhere

REASON = "The reason that nobody else reads"
#: Where the blocker deals with her own blocks.
OWN_BLOCKS = {
    *("friends/blocked", "u/<slug:handle>/unblock", "u/<slug:handle>/block-reason"),
    "report/members/<slug:handle>",
}
#: What both have read stays theirs to report: else whoever is accused could hide it by a block.
READ_BY_BOTH = {"report/messages/<slug:handle>"}
#: What is about oneself: secrets that are new each time, and one's own handle, which others may have.
MADE_ANEW = {
    "settings/second-step/app",
    "settings/second-step/passkeys/new",
    "settings/second-step/codes",
    "api/v1/auth/passkey/question",
    "api/v1/auth/reset",
    "api/v1/market/searches",
    "api/v1/selling/vouchers",
}
OWN_HANDLE = {"settings/profile", "api/v1/me"}
#: What belongs to nobody.
NOBODYS = {"market/c/<slug:category>", "payments/webhooks/<slug:gateway>"}
#: Names under which a form may point at a member.
FIELDS = ("member", "handle", "to", "user", "username", "recipient", "friend", "q")


def _is_walked(route: Route) -> bool:
    """Public answers are the same for everybody, and the staff see everybody."""
    return route.access not in (Access.PUBLIC, Access.NOBODY, Access.STAFF, Access.GUEST)


_WITH_OBJECT = sorted(
    pattern
    for pattern, route in ROUTES.items()
    if "<" in pattern and _is_walked(route) and pattern not in NOBODYS
)
_WITHOUT = sorted(pattern for pattern, route in ROUTES.items() if "<" not in pattern and _is_walked(route))


def _drain() -> None:
    while events.drain():
        pass


class Scene:
    """The world of the routes, in which alice and mallory have a past."""

    def __init__(self) -> None:
        self.world: World = worlds.build()
        self.alice, self.mallory, self.bob = self.world.alice, self.world.mallory, self.world.bob
        UserBlock.objects.all().delete()
        self.conversation = chat(self.alice, self.mallory)
        self.message = say(self.conversation, self.mallory)
        say(self.conversation, self.alice)
        say(chat(self.bob, self.mallory), self.mallory)
        for one, other in ((self.alice, self.mallory), (self.mallory, self.alice)):
            notify(member_id=one.pk, kind=Kind.FRIEND_ACCEPTED, actor_id=other.pk)
        for person in (self.alice, self.mallory):
            set_picture(member_id=person.pk, data=picture("PNG", (64, 64)))
            person.refresh_from_db()
        _drain()

    def block(self) -> "Scene":
        block(member_id=self.alice.pk, other_id=self.mallory.pk, reason=REASON)
        _drain()
        return self

    def other(self, person: User) -> User:
        return self.mallory if person == self.alice else self.alice

    def path(self, pattern: str, viewer: User) -> str:
        """The address of what belongs to the other one, or to both."""
        other = self.other(viewer)
        notice = Notification.objects.get(member=viewer, actor=other)
        values = {
            "handle": other.handle,
            "conversation_id": str(self.conversation.id),
            "message_id": str(self.message.message),
            "notification_id": str(notice.id),
            "media_id": str(other.picture_id),
        }
        if viewer == self.alice:
            # What else the world holds is hers; mallory has nothing that an address could name.
            missing = {name: str(uuid4()) for name in self.world.values if name.endswith("_id")}
            values = missing | values
        return "/" + re.sub(
            r"<(?:\w+:)?(\w+)>", lambda match: (self.world.values | values)[match[1]], pattern
        )

    def marks(self, person: User) -> list[str]:
        """What would give the person away on a page."""
        handle, name = person.handle, person.name
        return [
            str(person.pk),
            person.email,
            f"/u/{handle}",
            f"@{handle}",
            f'"handle":"{handle}"',
            f">{name}<",
        ]


past = standing(Scene)


@pytest.fixture
def scene(past: Scene) -> Scene:
    return past.block()


@contextmanager
def _undone() -> Iterator[None]:
    """Two answers are compared from the same state."""
    limits.reset()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _ask(person: User, method: str, path: str, body: dict[str, Any]) -> Any:
    is_api = path.startswith("/api/")
    content = json.dumps(body) if is_api else urlencode(body)
    kind = "application/json" if is_api else "application/x-www-form-urlencoded"
    with _undone():
        response = browser_of(person).generic(method, path, content, content_type=kind)
        response.body = response.getvalue()
    return response


def browser_of(person: User) -> Client:
    """Has shown a second factor, without which alice's passkey would stand before what is compared."""
    return members.client_of(person, by_factor=True)


def _answer(response: Any, *echoed: str) -> tuple[int, str, bytes]:
    """What can be told apart: without tokens and without what was asked for."""
    body: bytes = response.body
    for text in sorted({each for each in echoed if each}, key=len, reverse=True):
        body = body.replace(text.encode(), b"asked")
    location = response.headers.get("Location", "")
    for text in echoed:
        location = location.replace(text, "asked") if text else location
    body = re.sub(rb"\b[A-Za-z0-9]{64}\b", b"token", body)
    body = re.sub(rb"&quot;[\w-]{43}&quot;", b"question", body)
    body = re.sub(rb'data-session-left="\d+"', b"", body)
    return response.status_code, location, re.sub(rb'("(?:now|ends)_ms":)\d+', rb"\1then", body)


@pytest.mark.django_db
@pytest.mark.parametrize("pattern", _WITH_OBJECT)
@pytest.mark.parametrize("role", ["blocked", "blocker"])
def test_what_is_the_others_looks_like_what_does_not_exist(scene: Scene, role: str, pattern: str) -> None:
    viewer = scene.mallory if role == "blocked" else scene.alice
    if (role == "blocker" and pattern in OWN_BLOCKS) or pattern in READ_BY_BOTH:
        return
    for method in sorted(ROUTES[pattern].methods - {"HEAD"}):
        body = ROUTES[pattern].body()
        real = _ask(viewer, method, scene.path(pattern, viewer), body)
        missing = _ask(viewer, method, scene.world.missing_path(pattern), body)
        assert _answer(real) == _answer(missing), f"{role} {method} {pattern}"


@pytest.mark.django_db
@pytest.mark.parametrize("pattern", [pattern for pattern in _WITHOUT if "GET" in ROUTES[pattern].methods])
@pytest.mark.parametrize("role", ["blocked", "blocker"])
def test_no_list_search_or_picker_shows_the_other(scene: Scene, role: str, pattern: str) -> None:
    viewer = scene.mallory if role == "blocked" else scene.alice
    if role == "blocker" and pattern in OWN_BLOCKS:
        return
    other = scene.other(viewer)
    with names_read() as read:
        _check_hidden(scene, viewer, pattern, "")
        _check_hidden(scene, viewer, pattern, other.handle)
    if read & {ALL, "q"}:
        first, last = other.name.split()[:2]
        for query in (other.handle[:4], f"{first} {last}", last, other.email, str(other.pk)):
            _check_hidden(scene, viewer, pattern, query)


def _check_hidden(scene: Scene, viewer: User, pattern: str, query: str) -> None:
    """Neither the page nor its part tells of the other one, whatever is searched."""
    path = f"/{pattern}" + (f"?{urlencode({'q': query})}" if query else "")
    other = scene.other(viewer)
    for shown in (_ask(viewer, "GET", path, {}).body.decode(), _fragment(viewer, path)):
        # What was asked for stands in the field, and in the address that keeps the search.
        for echo in (f'"{query}"', f"q={query}"):
            shown = shown.replace(echo, "")
        found = [mark for mark in scene.marks(other) if mark in shown]
        assert found == [], f"{viewer} {path}"
        assert REASON not in shown


def _fragment(viewer: User, path: str) -> str:
    """The part of the page that htmx gets."""
    with _undone():
        return str(browser_of(viewer).get(path, headers={"HX-Request": "true"}).getvalue().decode())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "pattern", [each for each in _WITHOUT if ROUTES[each].methods & {"POST", "PUT", "PATCH"}]
)
def test_whoever_names_the_other_in_a_form_names_nobody(scene: Scene, pattern: str) -> None:
    for viewer in (scene.mallory, scene.alice):
        other = scene.other(viewer)
        for method in sorted(ROUTES[pattern].methods & {"POST", "PUT", "PATCH"}):
            # A handle that somebody has is taken, whoever has it and whoever sees whom.
            free = scene.bob.handle if pattern in OWN_HANDLE else f"{other.handle}_x"
            for real, missing in ((other.handle, free), (str(other.pk), str(uuid4()))):
                answers = [
                    _answer(_ask(viewer, method, f"/{pattern}", ROUTES[pattern].body() | body), real, missing)
                    for named in (real, missing)
                    for body in [_naming(pattern, method, named)]
                ]
                if pattern in MADE_ANEW:
                    answers = [(status, location, b"") for status, location, _ in answers]
                assert answers[0] == answers[1], f"{viewer} {method} {pattern}"


def _naming(pattern: str, method: str, value: str) -> dict[str, Any]:
    """A body that points at a member in every field that could; of the API only its declared fields."""
    if not pattern.startswith("api/"):
        return dict.fromkeys(FIELDS, value)
    return {
        name: value for name in _declared(f"/{pattern}", method) if name in FIELDS or name.endswith("_id")
    }


def _declared(path: str, method: str) -> list[str]:
    schema = api.get_openapi_schema()
    operation = schema["paths"].get(path, {}).get(method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return list(schema["components"]["schemas"].get(name, {}).get("properties", {}))


@pytest.mark.django_db
def test_the_api_is_asked_for_members_by_its_own_fields() -> None:
    """Guards the test above: were the schema read wrongly, it would compare two refusals of nothing."""
    assert _declared("/api/v1/conversations", "POST") == ["member"]


@pytest.mark.django_db
def test_a_third_one_sees_both_as_before_and_nothing_of_the_block(past: Scene) -> None:
    scene = past
    browser = browser_of(scene.bob)

    def seen() -> dict[str, tuple[int, str, bytes]]:
        answers = {}
        for pattern in _WITHOUT + _WITH_OBJECT:
            if "GET" not in ROUTES[pattern].methods or pattern in MADE_ANEW:
                continue
            for person in (scene.alice, scene.mallory) if "handle" in pattern else (scene.alice,):
                values = scene.world.values | {"handle": person.handle}
                path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match, v=values: v[match[1]], pattern)
                with _undone():
                    response = browser.get(path)
                    response.body = response.getvalue()
                    answers[path] = _answer(response)
        return answers

    before = seen()
    scene.block()
    after = seen()
    # Some pages tell how long ago something was, which may tick over between the two looks.
    different = [path for path in before if _timeless(before[path]) != _timeless(after[path])]
    assert different == []
    assert before["/u/alice"][0] == before["/u/mallory"][0] == 200
    assert not any(REASON.encode() in answer[2] for answer in after.values())


def _timeless(answer: tuple[int, str, bytes]) -> tuple[int, str, bytes]:
    """Without times that tick and ids that forms make anew."""
    body = re.sub(rb"just now|\d+ min ago", b"then", answer[2])
    return answer[0], answer[1], re.sub(rb'value="[0-9a-f-]{36}"', b"new", body)
