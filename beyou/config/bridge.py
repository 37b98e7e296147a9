"""Runs a WSGI application (PEP 3333) under ASGI: one thread hop per request, bounded bodies both ways."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import orjson

from beyou.core.threads import DatabasePool

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

#: Pages mostly hold the interpreter lock, so more threads only help those that wait for a commit.
THREADS = 4
#: The largest request body, and how much of it stays in memory.
BODY_LIMIT = 4 * 1024 * 1024
#: The same for forms with files: more than any file may have, so that a page can say what was too large.
UPLOAD_LIMIT = 24 * 1024 * 1024
MEMORY_LIMIT = 512 * 1024
#: Small pieces of a streamed answer are joined to this size before they go to the loop.
PIECE = 64 * 1024


class BodyTooLarge(Exception):
    """The request has more bytes than its kind may have, which is its first argument."""


class WSGIBridge:
    """An ASGI application for HTTP that runs the WSGI application in threads of its own."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._threads: DatabasePool | None = None

    def start(self) -> None:
        self._threads = DatabasePool(THREADS, "page")

    def stop(self) -> None:
        """Ends the threads when they have answered."""
        if self._threads is not None:
            self._threads.stop()
            self._threads = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if _is_ambiguous(scope):
            return await _refuse(send, 400, "bad_request", "Content-Length and Transfer-Encoding contradict.")
        with SpooledTemporaryFile(max_size=MEMORY_LIMIT) as body:
            try:
                size = await _read_body(scope, receive, body)
            except BodyTooLarge as error:
                return await _refuse(send, 413, "too_large", f"At most {error} bytes are accepted.")
            except ConnectionError:
                return None
            loop = asyncio.get_running_loop()
            answer = _Answer(loop, send)
            rest = await loop.run_in_executor(
                self._threads, answer.run, self._application, environ_of(scope, body, size)
            )
            await answer.finish(rest)
        return None


def _is_ambiguous(scope: Message) -> bool:
    """Whether a proxy could see another end of this request than we do (RFC 9112 §6.3, smuggling)."""
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names and b"transfer-encoding" in names


async def _read_body(scope: Message, receive: Receive, body: IO[bytes]) -> int:
    """Takes the whole request body, so that a slow client holds no thread; returns its length in bytes."""
    limit = UPLOAD_LIMIT if _has_files(scope) else BODY_LIMIT
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit)
        body.write(chunk)
        if not message.get("more_body", False):
            body.seek(0)
            return size


def _has_files(scope: Message) -> bool:
    """Whether the body is of the kind in which browsers send files."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return len(kinds) == 1 and kinds[0].lower().startswith(b"multipart/form-data")


async def _refuse(send: Send, status: int, code: str, detail: str) -> None:
    title = HTTPStatus(status).phrase
    problem = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(problem)})


class _Answer:
    """One response on its way from the thread to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self._loop = loop
        self._send = send
        self._start: Message | None = None

    def run(self, application: WSGIApplication, environ: dict[str, Any]) -> bytes:
        """In the thread: runs the application and returns the last piece of its answer.

        A short answer is one piece, so it crosses to the loop once. A long one goes piece by piece, each
        waiting until the client has room for it.
        """
        pieces: list[bytes] = []
        size = 0
        result = application(environ, self._start_response)
        try:
            for chunk in result:
                # Only when more follows: a page is one chunk, and the way to the loop and back costs more
                # than holding it.
                if size >= PIECE:
                    self._send_from_thread(b"".join(pieces))
                    pieces, size = [], 0
                pieces.append(chunk)
                size += len(chunk)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        return b"".join(pieces)

    async def finish(self, rest: bytes) -> None:
        await self._send_head()
        await self._send({"type": "http.response.body", "body": rest})

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        self._start = {
            "type": "http.response.start",
            "status": int(status.split(" ", 1)[0]),
            # Django puts a space before cookies, which HTTP/1.1 servers must not send.
            "headers": [
                (name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers
            ],
        }
        return self._send_from_thread

    def _send_from_thread(self, piece: bytes) -> None:
        asyncio.run_coroutine_threadsafe(self._send_piece(piece), self._loop).result()

    async def _send_piece(self, piece: bytes) -> None:
        await self._send_head()
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _send_head(self) -> None:
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)


def environ_of(scope: Message, body: IO[bytes], size: int) -> dict[str, Any]:
    """The WSGI environment of an ASGI HTTP scope whose body has `size` bytes."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0] if client else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        # A name with an underscore could pass for one with a hyphen, such as X_Forwarded_For: dropped.
        if b"_" in raw_name:
            continue
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        key = name if name in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{name}"
        separator = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
    # As received, since a chunked body comes without its length and WSGI would take it for none.
    environ["CONTENT_LENGTH"] = str(size)
    return environ
