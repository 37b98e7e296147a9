"""Several processes: frames reach sockets of the others through Redis, and its absence harms nobody."""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from json import dumps, loads
from pathlib import Path

import pytest
from websockets.sync.client import connect

from beyou.core.ids import uuid7
from beyou.core.realtime.redis import RedisRealtime
from tests import children
from tests.browser.server import Server, free_port
from tests.engines import servers

_SEED = """
import json
from tests.factories import members
from tests.messaging.world import chat
alice, bob = members.alice(), members.bob()
conversation = chat(alice, bob)
keys = [members.client_of(one).session.session_key for one in (alice, bob)]
print(json.dumps([str(conversation.id), *keys]))
"""


class Recorder:
    """What a hub would have to deliver."""

    def __init__(self) -> None:
        self.frames: list[tuple[list[str], bytes]] = []
        self.closed: list[tuple[list[str], int]] = []

    def publish(self, rooms: Iterable[str], payload: bytes) -> None:
        self.frames.append((list(rooms), payload))

    def close(self, rooms: Iterable[str], code: int) -> None:
        self.closed.append((list(rooms), code))


def eventually(condition: object, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.01)
    return False


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    try:
        with servers.redis() as url:
            yield url
    except servers.ServerMissing as error:
        pytest.skip(str(error))


def test_frames_cross_once_and_come_to_their_own_process_directly(redis: str) -> None:
    here, there = Recorder(), Recorder()
    one, other, page_worker = (
        RedisRealtime(redis, here),
        RedisRealtime(redis, there),
        RedisRealtime(redis, None),
    )
    for each in (one, other, page_worker):
        each.start()
    try:
        assert eventually(lambda: _subscribers(redis) == 2)
        frames = [(["member:1", "member:2"], b'{"n":%d}' % number) for number in range(500)]
        for rooms, payload in frames:
            one.publish(rooms, payload)
        assert here.frames == frames
        assert eventually(lambda: len(there.frames) == 500)
        assert there.frames == frames
        page_worker.publish(["all"], b"{}")
        page_worker.close(["session:x"], 4409)
        assert eventually(lambda: here.closed == there.closed == [(["session:x"], 4409)])
        assert here.frames[-1] == there.frames[-1] == (["all"], b"{}")
        time.sleep(0.2)
        assert len(here.frames) == len(there.frames) == 501
    finally:
        for each in (one, other, page_worker):
            each.stop()


def _subscribers(url: str) -> int:
    from redis import Redis

    with Redis.from_url(url) as client:
        return int(client.pubsub_numsub("beyou:live")[0][1])


def test_without_redis_the_own_sockets_still_get_their_frames() -> None:
    here = Recorder()
    alone = RedisRealtime("redis://127.0.0.1:1/0", here)
    alone.start()
    begin = time.monotonic()
    for number in range(50):
        alone.publish(["all"], b"%d" % number)
    assert time.monotonic() - begin < 0.5
    assert len(here.frames) == 50
    alone.stop()


def test_a_message_sent_to_one_process_appears_on_the_sockets_of_another(redis: str, tmp_path: Path) -> None:
    first, second = Server(tmp_path), Server(tmp_path)
    for server in (first, second):
        # The suite's own engine is not the one of these processes: theirs is SQLite in the folder.
        server.environment |= {"BEYOU_REDIS_URL": redis, "PYTHONWARNINGS": "default"}
    first.migrate()
    conversation, alice, bob = loads(first.run(_SEED).splitlines()[-1])
    first.start()
    try:
        second.start()
        with connect(
            f"ws://127.0.0.1:{second.port}/ws/",
            additional_headers={"Cookie": f"beyou-session={bob}"},
            origin=f"http://127.0.0.1:{second.port}",  # type: ignore[arg-type]
        ) as socket:
            assert loads(socket.recv(timeout=5))["type"] == "hello"
            status = _post(first.port, conversation, alice, "Across")
            assert status == 201
            frame = loads(socket.recv(timeout=5))
            assert (frame["type"], frame["message"]["text"]) == ("message.new", "Across")
    finally:
        first.stop()
        second.stop()


_PAGE_WORKER = """
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from beyou.config.wsgi import application


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


server = Server(("127.0.0.1", int(sys.argv[1])), Quiet)
server.set_app(application)
server.serve_forever()
"""


def test_a_message_posted_to_a_page_worker_appears_on_the_sockets_of_a_live_process(
    redis: str, tmp_path: Path
) -> None:
    live = Server(tmp_path)
    live.environment |= {"BEYOU_REDIS_URL": redis, "BEYOU_IN_PROCESS": "0", "PYTHONWARNINGS": "default"}
    live.migrate()
    conversation, alice, bob = loads(live.run(_SEED).splitlines()[-1])
    worker_port = free_port()
    commands = (
        ["-m", "beyou", "live", "--port", str(live.port)],
        ["-c", _PAGE_WORKER, str(worker_port)],
    )
    with ExitStack() as stack:
        for command in commands:
            log = stack.enter_context(live.log.open("ab"))
            process = children.start(command, env=live.environment, stdout=log, stderr=log)
            stack.callback(process.wait, timeout=15)
            stack.callback(process.terminate)
        for port in (live.port, worker_port):
            assert eventually(lambda port=port: _answers(port), seconds=40), live.log.read_text()[-2000:]
        assert eventually(lambda: _subscribers(redis) == 1)
        socket = stack.enter_context(
            connect(
                f"ws://127.0.0.1:{live.port}/ws/",
                additional_headers={"Cookie": f"beyou-session={bob}"},
                origin=f"http://127.0.0.1:{live.port}",  # type: ignore[arg-type]
            )
        )
        assert loads(socket.recv(timeout=5))["type"] == "hello"
        for number in range(3):
            assert _post(worker_port, conversation, alice, f"From a page {number}") == 201
            frame = loads(socket.recv(timeout=5))
            assert (frame["type"], frame["message"]["text"]) == ("message.new", f"From a page {number}")
            assert frame["seq"] == number + 1


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _post(port: int, conversation: str, session: str, text: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    token = "x" * 32
    connection.request(
        "POST",
        f"/api/v1/conversations/{conversation}/messages",
        dumps({"id": str(uuid7()), "text": text}),
        {
            "Cookie": f"beyou-session={session}; beyou-csrf={token}",
            "X-CSRFToken": token,
            "Content-Type": "application/json",
        },
    )
    try:
        return connection.getresponse().status
    finally:
        connection.close()
