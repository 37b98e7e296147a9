"""The hop from the event loop to a WSGI application: nothing is lost, nothing is unbounded."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from beyou.config import bridge
from beyou.config.bridge import WSGIBridge

Environ = dict[str, Any]


class Exchange:
    """One request to a WSGI application through the bridge; what came back."""

    def __init__(self, pieces: list[bytes], headers: list[tuple[bytes, bytes]], path: str = "/x") -> None:
        self._pieces = list(pieces)
        self.scope = {
            "type": "http", "method": "POST", "path": path, "query_string": b"q=1", "http_version": "1.1",
            "scheme": "http", "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 5), "headers": headers,
        }  # fmt: skip
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self._pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self._pieces.pop(0), "more_body": bool(self._pieces)}

    async def send(self, message: Any) -> None:
        await asyncio.sleep(0)
        self.sent.append(dict(message))

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


def exchange(
    application: Callable[..., Iterable[bytes]],
    pieces: list[bytes] | None = None,
    headers: list[tuple[bytes, bytes]] | None = None,
    path: str = "/x",
) -> Exchange:
    asked = Exchange([b""] if pieces is None else pieces, headers or [], path)
    under_test = WSGIBridge(application)
    under_test.start()
    try:
        asyncio.run(under_test(asked.scope, asked.receive, asked.send))
    finally:
        under_test.stop()
    return asked


def echo(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", " a=1"), ("Set-Cookie", " b=2")])
    return [environ["wsgi.input"].read()]


def test_a_body_in_pieces_arrives_whole_and_cookies_stay_apart() -> None:
    answer = exchange(echo, [b"one ", b"two ", b"three"])
    assert (answer.status, answer.body) == (200, b"one two three")
    assert [value for name, value in answer.sent[0]["headers"] if name == b"set-cookie"] == [b"a=1", b"b=2"]


@pytest.mark.parametrize("headers", [[(b"transfer-encoding", b"chunked")], [(b"content-length", b"9")]])
def test_an_application_learns_how_long_the_body_really_is(headers: list[tuple[bytes, bytes]]) -> None:
    """WSGI takes a body without a length, such as a chunked one, for none."""
    seen: list[Environ] = []

    def application(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        seen.append(environ)
        return echo(environ, start_response)

    answer = exchange(application, [b"one ", b"two"], headers)
    assert answer.body == b"one two"
    assert seen[0]["CONTENT_LENGTH"] == "7"


def test_a_request_with_two_lengths_is_refused_and_the_connection_ends() -> None:
    """A proxy could see another end of it and take what follows for a request of its own (smuggling)."""
    answer = exchange(echo, [b""], [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")])
    assert answer.status == 400
    assert (b"connection", b"close") in answer.sent[0]["headers"]


def test_a_body_over_the_limit_never_reaches_the_application() -> None:
    called = []

    def application(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        called.append(environ)
        return []

    answer = exchange(application, [b"x" * 1024 * 1024] * 6)
    assert (answer.status, called) == (413, [])
    assert b"too_large" in answer.body


def test_a_client_that_leaves_while_sending_is_no_request() -> None:
    answer = exchange(echo, [])
    assert answer.sent == []


def test_a_long_answer_is_sent_piece_by_piece_and_closed() -> None:
    made, closed = [], []

    class Rows:
        def __iter__(self) -> Iterator[bytes]:
            for number in range(1000):
                made.append(number)
                yield b"%04d" % number * 256

        def close(self) -> None:
            closed.append(True)

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Rows()

    answer = exchange(application)
    assert answer.body == b"".join(b"%04d" % number * 256 for number in range(1000))
    assert all(len(message["body"]) <= bridge.PIECE + 1024 for message in answer.sent[1:])
    assert closed == [True]


def test_a_header_with_an_underscore_cannot_pass_for_another() -> None:
    seen: list[Environ] = []

    def application(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        seen.append(environ)
        start_response("204 No Content", [])
        return []

    exchange(
        application,
        headers=[
            (b"x_forwarded_for", b"10.0.0.1"), (b"x-real", b"1"), (b"x-real", b"2"),
            (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"content-type", b"text/plain"),
        ],
        path="/ä",
    )  # fmt: skip
    (environ,) = seen
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert (environ["HTTP_X_REAL"], environ["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")
    assert (environ["CONTENT_TYPE"], environ["PATH_INFO"]) == ("text/plain", "/ä".encode().decode("latin-1"))


def test_a_broken_application_raises_to_the_server() -> None:
    def application(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exchange(application)


def test_only_forms_with_files_may_be_long() -> None:
    pieces = [bytes(1024 * 1024)] * 5
    for kind in (b"application/json", b"application/x-www-form-urlencoded", b"text/multipart/form-data"):
        assert exchange(echo, pieces, [(b"content-type", kind)]).status == 413
    assert exchange(echo, pieces, [(b"content-type", b"Multipart/form-data; boundary=x")]).status == 200
    too_many = [bytes(1024 * 1024)] * 25
    assert exchange(echo, too_many, [(b"content-type", b"multipart/form-data; boundary=x")]).status == 413
