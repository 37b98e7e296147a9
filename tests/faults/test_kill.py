"""Kills the whole server again and again while members write; what it acknowledged must stand afterwards.

A kill keeps the page cache, so this is no power failure; it is every crash, deploy and out-of-memory.
"""

import contextlib
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from beyou.core.ids import uuid7
from tests.browser.server import Server
from tests.engines import servers

KILLS = 50
PAIRS = 4
_CSRF = "x" * 32
ENGINES: dict[str, Callable[[], AbstractContextManager[str | None]]] = {
    "sqlite": nullcontext,
    "mariadb": lambda: servers.mariadb(durable=True),
    "postgresql": lambda: servers.postgresql(durable=True),
}

_SEED = f"""
import json
from beyou.friends.models import Friendship
from beyou.messaging.services import start_conversation
from tests.factories.members import client_of, members
talks = []
people = members({PAIRS * 2})
for pair in zip(people[::2], people[1::2]):
    first, second = sorted(pair, key=lambda person: person.id)
    Friendship.objects.create(first=first, second=second)
    started = start_conversation(starter_id=first.id, other_id=second.id)
    cookies = [client_of(person).cookies["beyou-session"].value for person in pair]
    talks.append([str(started.conversation.id), cookies])
print(json.dumps(talks))
"""


def ask(port: int, method: str, path: str, session: str, value: Any = None) -> tuple[int, Any]:
    """One API call on a connection of its own. `OSError` or `HTTPException`: the server is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {
        "Cookie": f"beyou-session={session}; beyou-csrf={_CSRF}",
        "X-CSRFToken": _CSRF,
        "Content-Type": "application/json",
    }
    try:
        connection.request(
            method, f"/api/v1{path}", json.dumps(value) if value is not None else None, headers
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


@dataclass
class Writer(threading.Thread):
    """Writes one message after another and repeats each, under the same id, until it is accepted."""

    port: int
    conversation: str
    session: str
    stopping: threading.Event
    accepted: dict[str, tuple[int, str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self.stopping.is_set():
            message, text = str(uuid7()), f"{len(self.accepted)} – {random.random()}"
            while (seq := self._send(message, text)) is None:
                if self.stopping.wait(0.02):
                    return
            self.accepted[message] = (seq, text)

    def _send(self, message: str, text: str) -> int | None:
        path = f"/conversations/{self.conversation}/messages"
        try:
            status, answer = ask(self.port, "POST", path, self.session, {"id": message, "text": text})
        except (OSError, http.client.HTTPException, ValueError):
            return None
        if status in (200, 201):
            return int(answer["seq"])
        if status not in (429, 500, 503):
            self.wrong.append(f"{status} {answer}")
        return None


def stored(port: int, conversation: str, session: str) -> Iterator[tuple[str, int, str]]:
    """Every message of the conversation in order: id, number, text."""
    after: int | None = 0
    while after is not None:
        status, page = ask(
            port, "GET", f"/conversations/{conversation}/messages?after={after}&limit=50", session
        )
        assert status == 200
        yield from ((item["id"], item["seq"], item["text"]) for item in page["items"])
        after = page["next"]


@contextlib.contextmanager
def _writing(server: Server, talks: list[tuple[str, list[str]]]) -> Iterator[list[Writer]]:
    stopping = threading.Event()
    writers = [
        Writer(server.port, conversation, session, stopping)
        for conversation, sessions in talks
        for session in sessions
    ]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        stopping.set()
        for writer in writers:
            writer.join()


@pytest.mark.parametrize("engine", ENGINES)
def test_no_acknowledged_message_is_lost_or_doubled(engine: str, tmp_path: Path) -> None:
    with ENGINES[engine]() as database:
        server = Server(tmp_path)
        if database:
            server.environment["BEYOU_DATABASE_URL"] = database
        server.migrate()
        talks = json.loads(server.run(_SEED))
        with _writing(server, talks) as writers:
            for _ in range(KILLS):
                server.start()
                time.sleep(random.uniform(0.1, 0.8))
                server.kill()
        server.start()
        try:
            _check(server, talks, writers)
        finally:
            server.stop()


def _check(server: Server, talks: list[tuple[str, list[str]]], writers: list[Writer]) -> None:
    count = 0
    for conversation, sessions in talks:
        mine = [writer for writer in writers if writer.conversation == conversation]
        assert [writer.wrong for writer in mine] == [[], []]
        messages = list(stored(server.port, conversation, sessions[0]))
        assert [seq for _, seq, _ in messages] == list(range(1, len(messages) + 1))
        found = {message: (seq, text) for message, seq, text in messages}
        assert len(found) == len(messages), "a message was doubled"
        for writer in mine:
            lost = writer.accepted.items() - found.items()
            assert not lost, f"{len(lost)} acknowledged messages are lost or changed"
            # One draft per writer may have been stored without an answer that reached its writer.
        assert len(found) - sum(len(writer.accepted) for writer in mine) <= 2
        count += len(found)
        _wait_until_sealed(server, conversation, sessions[0], len(messages))
    assert count >= KILLS, "too little was written to prove anything"
    verified = server.command("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _wait_until_sealed(server: Server, conversation: str, session: str, last: int) -> None:
    """The newest messages have a proof and none waits. An entry that was lost would wait for ever."""
    deadline = time.monotonic() + 60
    path = f"/conversations/{conversation}/proofs?after={max(0, last - 50)}&limit=50"
    while time.monotonic() < deadline:
        status, proofs = ask(server.port, "GET", path, session)
        assert status == 200
        if not proofs["pending"]:
            assert [item["seq"] for item in proofs["items"]] == list(range(max(0, last - 50) + 1, last + 1))
            return
        time.sleep(0.2)
    pytest.fail("messages stayed unsealed for 60 s")
