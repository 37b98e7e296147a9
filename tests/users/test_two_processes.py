"""Two servers on one database and one Redis: what one of them counts, spends or ends holds at the other."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from json import dumps, loads
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from beyou.core import clock
from beyou.core.realtime.redis import CHANNEL
from beyou.users import codes
from tests.browser.server import Server
from tests.engines import servers
from tests.factories.members import PASSWORD

_MEMBERS = 6
_PROOFS = 4
_SEED = f"""
import json
from beyou.users import proof_of_work
from tests.factories import members, passkeys
people = [members.member(f"member_{{number}}") for number in range({_MEMBERS})]
print(json.dumps([passkeys.app(person) for person in people]))
owners = [people[0]] * 3 + [people[1]]
print(json.dumps([members.client_of(owner).session.session_key for owner in owners]))
print(json.dumps(members.token(people[1])[1]))
print(json.dumps([proof_of_work.solve(proof_of_work.new_challenge()) for _ in range({_PROOFS})]))
"""


@dataclass
class Answer:
    status: int
    kind: str
    body: bytes

    @property
    def json(self) -> Any:
        return loads(self.body)


@dataclass
class World:
    """Two servers, A and B, and what the members have."""

    a: Server
    b: Server
    redis_port: int
    redis: ExitStack
    secrets: list[str]
    #: three sessions of the first member, and one of the second
    keys: list[str]
    token: str
    #: paid tolls of forms for visitors
    proofs: list[str]

    def away(self) -> None:
        """Redis is gone, with all that it knew."""
        self.redis.close()

    def back(self) -> None:
        self.redis.enter_context(servers.redis(self.redis_port))

    def until_both_listen(self) -> None:
        """Tests come in any order, and one before may have taken Redis away a moment ago."""
        with Redis(port=self.redis_port) as client:
            deadline = time.monotonic() + 15
            while client.pubsub_numsub(CHANNEL)[0][1] < 2:
                assert time.monotonic() < deadline, "a server does not listen any more"
                time.sleep(0.05)


def _ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body if isinstance(body, str) else body and dumps(body), sent)
        found = connection.getresponse()
        return Answer(found.status, found.getheader("Content-Type", ""), found.read())
    finally:
        connection.close()


def _json(server: Server, path: str, body: dict[str, Any], token: str = "") -> Answer:
    extra = {"X_Session_Token": token} if token else {}
    return _ask(server, "POST", f"/api/v1{path}", body, Content_Type="application/json", **extra)


def _form(server: Server, path: str, fields: dict[str, str], key: str = "") -> Answer:
    """As a browser sends a form, with the session of this key."""
    csrf = "x" * 32
    cookies = f"beyou-csrf={csrf}" + (f"; beyou-session={key}" if key else "")
    form = "application/x-www-form-urlencoded"
    sent = urlencode(fields | {"csrfmiddlewaretoken": csrf})
    return _ask(server, "POST", path, sent, Cookie=cookies, Content_Type=form)


def _sign_in(server: Server, number: int, password: str = PASSWORD) -> Answer:
    return _json(server, "/auth/sign-in", {"email": f"member_{number}@example.org", "password": password})


def _me(server: Server, **headers: str) -> int:
    return _ask(server, "GET", "/api/v1/me", **headers).status


def _code(secret: str, step: int = 0) -> str:
    return codes.totp(secret, codes.time_step(clock.now_ms()) + step)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("two-processes")
    with ExitStack() as stack:
        redis = stack.enter_context(ExitStack())
        try:
            url = redis.enter_context(servers.redis())
        except servers.ServerMissing as error:
            pytest.skip(str(error))
        one, other = Server(folder), Server(folder)
        for server in (one, other):
            server.environment |= {"BEYOU_REDIS_URL": url, "PYTHONWARNINGS": "default"}
        one.migrate()
        seeded = [loads(line) for line in one.run(_SEED).splitlines()[-4:]]
        for server in (one, other):
            stack.callback(server.stop)
            server.start()
        yield World(one, other, int(url.rpartition(":")[2]), redis, *seeded)


def test_a_limit_counts_the_tries_of_both(world: World) -> None:
    last = _MEMBERS - 1
    wrong = [_sign_in(server, last, "a wrong password") for server in (world.a, world.b) * 3]
    assert [answer.status for answer in wrong] == [422] * 5 + [429], [answer.body for answer in wrong]
    assert wrong[-1].json["code"] == "rate_limited"
    # Nor does the right password help now, at either.
    assert [_sign_in(server, last).status for server in (world.a, world.b)] == [429, 429]


def test_one_code_lets_one_of_two_in(world: World) -> None:
    for number in range(1, _MEMBERS - 2):
        for step in (0, 1):
            code = _code(world.secrets[number], step)
            tokens = [_sign_in(server, number).json["session_token"] for server in (world.a, world.b)]
            found = _at_once(
                lambda server, token, code=code: _json(server, "/auth/second-step", {"code": code}, token),
                [(world.a, tokens[0]), (world.b, tokens[1])],
            )
            assert sorted(answer.status for answer in found) == [200, 422], [one.body for one in found]
            new = [one.json.get("session_token", old) for one, old in zip(found, tokens, strict=True)]
            is_in = [_me(world.a, X_Session_Token=token) == 200 for token in new]
            assert is_in == [answer.status == 200 for answer in found]
            # The code is worth nothing later, either, at the one that did not see it spent.
            late = _sign_in(world.b, number).json["session_token"]
            assert _json(world.b, "/auth/second-step", {"code": code}, late).status == 422


def _at_once(ask: Callable[..., Answer], calls: list[tuple[Any, ...]]) -> list[Answer]:
    gate = threading.Barrier(len(calls))

    def run(call: tuple[Any, ...]) -> Answer:
        gate.wait(timeout=30)
        return ask(*call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@contextmanager
def _socket(server: Server, key: str) -> Iterator[Any]:
    headers, origin = {"Cookie": f"beyou-session={key}"}, server.origin
    with connect(
        f"ws://127.0.0.1:{server.port}/ws/",
        additional_headers=headers,
        origin=origin,  # type: ignore[arg-type]
    ) as made:
        assert loads(made.recv(timeout=10))["type"] == "hello"
        yield made


def _is_closed(socket: Any, seconds: float = 5) -> bool:
    """Whether it is closed soon: within a second on a machine with nothing else to do. Other frames may come
    before.
    """
    try:
        while True:
            socket.recv(timeout=seconds)
    except ConnectionClosed:
        return True
    except TimeoutError:
        return False


def test_what_ends_at_one_has_ended_at_the_other(world: World) -> None:
    world.until_both_listen()
    own, second, third, _ = world.keys
    cookie = {key: {"Cookie": f"beyou-session={key}"} for key in world.keys}
    for key in (own, second, third):
        assert _me(world.a, **cookie[key]) == _me(world.b, **cookie[key]) == 200
    with _socket(world.b, second) as socket:
        assert _form(world.a, "/sign-out", {}, second).status == 302
        assert _me(world.b, **cookie[second]) == 401
        assert _is_closed(socket), world.b.log.read_text()[-4000:]
    with _socket(world.b, third) as socket, _socket(world.b, own) as kept:
        assert _form(world.a, "/settings/sessions/others/end", {}, own).status == 302
        assert _me(world.b, **cookie[third]) == 401
        assert _is_closed(socket)
        assert not _is_closed(kept, 1)
    assert _me(world.a, **cookie[own]) == _me(world.b, **cookie[own]) == 200
    # And an app's.
    token = _sign_in(world.a, 0).json["session_token"]
    token = _json(world.b, "/auth/second-step", {"code": _code(world.secrets[0])}, token).json[
        "session_token"
    ]
    assert _me(world.a, X_Session_Token=token) == 200
    assert _ask(world.a, "DELETE", "/api/v1/auth/session", X_Session_Token=token).status == 204
    assert _me(world.b, X_Session_Token=token) == 401


def test_without_redis_nobody_gets_in_and_whoever_is_in_stays(world: World) -> None:
    number = _MEMBERS - 2
    pending = _sign_in(world.b, number).json["session_token"]
    code = {"code": _code(world.secrets[number])}
    own = {"Cookie": f"beyou-session={world.keys[0]}"}
    world.away()
    try:
        for server in (world.a, world.b):
            _must_wait(_sign_in(server, number))
            page = _form(server, "/sign-in", {"login": "member_0@example.org", "password": PASSWORD})
            assert (page.status, page.kind) == (503, "text/html; charset=utf-8")
            assert "has to wait a moment" in page.body.decode()
            assert "Traceback" not in page.body.decode()
            _must_wait(_json(server, "/auth/second-step", code, pending))
            assert _me(server, X_Session_Token=pending) == 401
            assert _me(server, **own) == 200
            assert _me(server, Authorization=f"Bearer {world.token}") == 200
            assert _me(server, Authorization="Bearer wrong") in (401, 503)
            for path in ("/sign-in", "/join", "/recover", "/healthz/live"):
                assert _ask(server, "GET", path).status == 200, path
            for path, fields in _SENT.items():
                sent = fields | ({"proof": world.proofs.pop()} if path in ("/join", "/recover") else {})
                assert _form(server, path, sent).status == 503, path
    finally:
        world.back()
    assert _json(world.b, "/auth/second-step", code, pending).json["state"] == "signed_in"
    for server in (world.a, world.b):
        assert _sign_in(server, number).json["state"] == "second_step"


_SENT = {
    "/join": {"handle": "newcomer", "email": "new@example.org", "password1": PASSWORD},
    "/recover": {"email": "member_0@example.org"},
    "/sign-in/passkey": {"credential": "{}"},
}


def test_a_session_that_ends_while_redis_is_away_keeps_no_socket(world: World) -> None:
    key = world.keys[3]
    world.until_both_listen()
    with _socket(world.b, key) as socket:
        world.away()
        try:
            assert _form(world.a, "/sign-out", {}, key).status == 302
            assert not _is_closed(socket, 1)
        finally:
            world.back()
        # Whether A sends its order again before B listens or after, the next ping is the last.
        for _ in range(20):
            if _is_closed(socket, 0.5):
                return
            socket.send(dumps({"type": "ping"}))
        raise AssertionError(world.b.log.read_text()[-4000:])


def test_a_redis_that_hangs_is_one_that_is_away(world: World) -> None:
    with Redis(port=world.redis_port) as client:
        process = int(client.info()["process_id"])
    os.kill(process, signal.SIGSTOP)
    try:
        _must_wait(_sign_in(world.a, 0))
        assert _me(world.b, Cookie=f"beyou-session={world.keys[0]}") == 200
    finally:
        os.kill(process, signal.SIGCONT)
    assert _sign_in(world.a, 0).json["state"] == "second_step"


def _must_wait(answer: Answer) -> None:
    assert (answer.status, answer.kind) == (503, "application/problem+json"), answer.body
    assert answer.json["code"] == "store_away"
    assert answer.json["detail"]
