"""A real server in a thread of the test, on the test's own database, and clients of its socket."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from beyou.config.server import options
from beyou.users.models import User
from tests.factories import members


class Live:
    """The address of a running server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"

    @contextmanager
    def socket(
        self, person: User | None = None, *, session: str = "", origin: str | None = None
    ) -> Iterator["SocketClient"]:
        """An open socket of the person's browser, or of the session, or of nobody."""
        key = members.client_of(person).session.session_key if person else session
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"} if key else {}
        wanted = self.origin if origin is None else origin
        with connect(
            f"ws://127.0.0.1:{self.port}/ws/",
            additional_headers=headers,
            origin=wanted or None,  # type: ignore[arg-type]  # a plain string is one
            compression=None,
            max_size=None,
            close_timeout=1,
        ) as connection:
            yield SocketClient(connection)


class SocketClient:
    """One browser's side of the socket; frames are dictionaries."""

    def __init__(self, connection: ClientConnection) -> None:
        self.raw = connection

    def send(self, **frame: Any) -> None:
        self.raw.send(json.dumps(frame))

    def receive(self, kind: str, timeout: float = 5.0) -> dict[str, Any]:
        """The next frame of this type; others are passed over."""
        deadline = time.monotonic() + timeout
        while True:
            frame: dict[str, Any] = json.loads(self.raw.recv(timeout=max(0.01, deadline - time.monotonic())))
            if frame["type"] == kind:
                return frame

    def close_code(self, timeout: float = 5.0) -> int:
        """The code that the server ends the socket with; raises `TimeoutError` when it does not."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.raw.recv(timeout=max(0.01, deadline - time.monotonic()))
        except ConnectionClosed:
            code = self.raw.close_code
            return -1 if code is None else code


@contextmanager
def serving() -> Iterator[Live]:
    """A server until the block ends; needs `django_db(transaction=True)`."""
    server = uvicorn.Server(uvicorn.Config(**(options(port=0) | {"timeout_graceful_shutdown": 2})))
    thread = threading.Thread(target=server.run, name="test-server")
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.01)
        yield Live(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive()
