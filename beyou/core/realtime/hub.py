"""The room table: which sockets of this process are in which room."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.db import close_old_connections

from beyou.core.realtime.socket import TOO_MANY
from beyou.core.threads import DatabasePool

if TYPE_CHECKING:
    from beyou.core.realtime.socket import Socket

SWEEP_SECONDS = 10
REMEMBERED_SECONDS = 60.0
#: Threads for the database reads of sockets.
READERS = 2

T = TypeVar("T")


class Hub:
    """Delivers frames to the sockets of this process. `publish` and `close` may be called by any thread."""

    def __init__(self) -> None:
        self._rooms: dict[str, set[Socket]] = {}
        self._sockets: set[Socket] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._readers: DatabasePool | None = None
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_scheduled = False
        # Rooms that were closed of late: when, and with which code.
        self._closed: dict[str, tuple[float, int]] = {}
        #: Orders to close may have been missed until this moment of the loop.
        self.doubted_at = float("-inf")

    def __len__(self) -> int:
        return len(self._sockets)

    def start(self) -> None:
        """Binds the table to the running loop and begins to look for silent sockets."""
        self._loop = asyncio.get_running_loop()
        self._readers = DatabasePool(READERS, "socket-reader")
        self._sweeper = self._loop.create_task(self._sweep())

    def stop(self) -> None:
        """Frames vanish from now on."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._loop = self._sweeper = None
        if self._readers is not None:
            self._readers.stop()
            self._readers = None

    async def read(self, function: Callable[[], T]) -> T:
        """What the function returns, run in a thread that may use the database."""

        def run() -> T:
            close_old_connections()
            return function()

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    def join(self, socket: "Socket") -> None:
        """The socket gets what its rooms get. One whose room was closed since it opened is closed at once:
        what let it in was looked up before that.
        """
        self._sockets.add(socket)
        for room in socket.rooms:
            self._rooms.setdefault(room, set()).add(socket)
        for room in socket.rooms:
            closed_at, code = self._closed.get(room, (float("-inf"), 0))
            if closed_at >= socket.opened_at:
                return socket.close(code)
        own = self._rooms[socket.rooms[0]]
        if len(own) > settings.SOCKETS_PER_MEMBER:
            min(own, key=lambda each: each.opened_at).close(TOO_MANY)
        return None

    def leave(self, socket: "Socket") -> None:
        self._sockets.discard(socket)
        for room in socket.rooms:
            members = self._rooms.get(room)
            if members is not None:
                members.discard(socket)
                if not members:
                    del self._rooms[room]

    def publish(self, rooms: Iterable[str], payload: bytes) -> None:
        self.soon(lambda: self._deliver(rooms, payload))

    def close(self, rooms: Iterable[str], code: int) -> None:
        self.soon(lambda: self._close(rooms, code))

    def doubt(self) -> None:
        """Sockets that are open now have their session looked up when they next say anything."""
        self.soon(self._doubt)

    def soon(self, action: Callable[[], None]) -> None:
        """Runs the action on the loop, from any thread and in order. A burst shares one wake-up of the loop.

        Nothing happens when the loop has ended: its sockets have ended with it.
        """
        loop = self._loop
        if loop is None:
            return
        self._waiting.append(action)
        if not self._is_scheduled:
            self._is_scheduled = True
            try:
                loop.call_soon_threadsafe(self._run_waiting)
            except RuntimeError:
                # The loop has just closed, and its sockets with it.
                self._waiting.clear()

    def _run_waiting(self) -> None:
        # Cleared first: an action that is added from now on schedules a wake-up of its own.
        self._is_scheduled = False
        while self._waiting:
            self._waiting.popleft()()

    def _in(self, rooms: Iterable[str]) -> set["Socket"]:
        return {socket for room in rooms for socket in self._rooms.get(room, ())}

    def _deliver(self, rooms: Iterable[str], payload: bytes) -> None:
        sockets = self._in(rooms)
        if sockets:
            text = payload.decode()
            for socket in sockets:
                socket.deliver(text)

    def _close(self, rooms: Iterable[str], code: int) -> None:
        rooms = list(rooms)
        if self._loop is not None:
            self._closed |= dict.fromkeys(rooms, (self._loop.time(), code))
        for socket in self._in(rooms):
            socket.close(code)

    def _doubt(self) -> None:
        if self._loop is not None:
            self.doubted_at = self._loop.time()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for socket in list(self._sockets):
                socket.close_if_silent()
            self._forget_closed()

    def _forget_closed(self) -> None:
        """Looking up who opens a socket takes much less than this."""
        if self._loop is not None:
            old = self._loop.time() - REMEMBERED_SECONDS
            self._closed = {room: closed for room, closed in self._closed.items() if closed[0] > old}


#: The room table of this process.
hub = Hub()
