"""One WebSocket: a bounded buffer on the way out, a flood limit and a heartbeat on the way in."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from beyou.core.realtime.frames import BadFrame, parse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = structlog.get_logger()

# Close codes (RFC 6455 §7.4): the first three are the standard's, the others are listed in README.md.
NORMAL, INTERNAL_ERROR, SLOW_CONSUMER = 1000, 1011, 1013
BAD_FRAME, NOT_SIGNED_IN, WRONG_ORIGIN, NO_SCOPE, SILENT = 4400, 4401, 4403, 4406, 4408
SESSION_ENDED, SESSION_RENEWED, TOO_LARGE, TOO_MANY, FLOOD = 4409, 4410, 4413, 4420, 4429

#: What may wait for one slow socket, in characters. It then comes back and asks by number.
BUFFER_LIMIT = 512 * 1024
#: Clients ping every 25 s; a socket that is silent longer than this is gone.
SILENCE_SECONDS = 75.0
#: How long a socket that does not read may delay its own end.
CLOSE_GRACE_SECONDS = 5.0


def frame_limit() -> int:
    """The longest frame in characters: the largest sealed message, with room for base64 and its wraps."""
    return 4 * int(settings.MESSAGE_LIMIT_BYTES) + 16 * 1024


class Socket:
    """An open socket of a member. Everything here runs on the event loop."""

    __slots__ = (
        *("__weakref__", "_allowance", "_closing", "_flusher", "_heard", "_loop", "_queue", "_queued"),
        *("_runner", "_send", "is_aborted", "member_id", "opened_at", "rooms"),
    )

    def __init__(
        self, *, member_id: UUID, rooms: tuple[str, ...], send: Send, opened_at: float | None = None
    ) -> None:
        """`opened_at` is when the loop began to look who it belongs to; now unless given."""
        self.member_id = member_id
        self.rooms = rooms
        self.is_aborted = False
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._queue: deque[str] = deque()
        self._queued = 0
        self._flusher: asyncio.Task[None] | None = None
        self._runner: asyncio.Task[Any] | None = None
        self._closing: int | None = None
        self._heard = self._loop.time()
        self.opened_at = self._heard if opened_at is None else opened_at
        self._allowance = 2.0 * settings.FRAMES_PER_SECOND

    def deliver(self, text: str) -> None:
        """Puts an encoded frame in line and never waits. A socket whose line is too long is closed."""
        if self._closing is not None:
            return
        # Before this frame is counted: a single message, however long, must not throw its readers out.
        if self._queued > BUFFER_LIMIT:
            self.close(SLOW_CONSUMER)
            return
        self._queued += len(text)
        self._queue.append(text)
        self._start_flushing()

    def close(self, code: int) -> None:
        """Ends the socket with the code; what still waits is dropped."""
        if self._closing is not None:
            return
        self._closing = code
        self._queue.clear()
        self._start_flushing()
        self._loop.call_later(CLOSE_GRACE_SECONDS, self._abort)

    def close_if_silent(self) -> None:
        if self._loop.time() - self._heard > SILENCE_SECONDS:
            self.close(SILENT)

    async def run(self, receive: Receive) -> None:
        """Handles frames until the socket is closed by either side."""
        self._runner = asyncio.current_task()
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if self._closing is None:
                await self._handle(message.get("text"))

    def release(self) -> None:
        """Stops what would outlive the connection."""
        self._closing = self._closing or NORMAL
        self._runner = None
        self._queue.clear()
        if self._flusher is not None:
            self._flusher.cancel()

    async def _handle(self, text: str | None) -> None:
        if not self._is_within_allowance():
            self.close(FLOOD)
        elif text is not None and len(text) > frame_limit():
            self.close(TOO_LARGE)
        else:
            try:
                if text is None:
                    raise BadFrame("binary")
                handler, fields = parse(text)
                await handler(self, fields)
            except BadFrame as error:
                log.info("socket.bad_frame", member=str(self.member_id), reason=str(error))
                self.close(BAD_FRAME)
            # A bug in one handler must end this socket only, and be seen.
            except Exception:
                log.exception("socket.failed", member=str(self.member_id))
                self.close(INTERNAL_ERROR)

    def _is_within_allowance(self) -> bool:
        """A token bucket that holds two seconds' worth of frames."""
        now, rate = self._loop.time(), float(settings.FRAMES_PER_SECOND)
        self._allowance = min(2 * rate, self._allowance + (now - self._heard) * rate)
        self._heard = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def _start_flushing(self) -> None:
        if self._flusher is None:
            self._flusher = self._loop.create_task(self._flush())

    async def _flush(self) -> None:
        try:
            while self._queue:
                text = self._queue.popleft()
                # The server waits here while the client does not read; the line behind it grows.
                await self._send({"type": "websocket.send", "text": text})
                self._queued -= len(text)
            if self._closing is not None:
                await self._send({"type": "websocket.close", "code": self._closing})
        except (OSError, RuntimeError):
            # The client has gone; `run` learns it from its own side.
            self._queue.clear()
        finally:
            self._flusher = None

    def _abort(self) -> None:
        if self._runner is not None:
            self.is_aborted = True
            self._runner.cancel()
