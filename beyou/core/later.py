"""What is written down a little later, so that no page waits for it; what a crash loses must not matter."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

log = structlog.get_logger()

FLUSH_SECONDS = 5.0

K = TypeVar("K")
V = TypeVar("V")

_all: list["Later[object, object]"] = []


class Later(Generic[K, V]):
    """Collects values by key, and hands them to `write` every few seconds from a thread of its own.

    `merged` makes one of the value that waits and the one that comes; without it the last one counts.
    """

    def __init__(
        self, name: str, write: Callable[[dict[K, V]], None], merged: Callable[[V, V], V] | None = None
    ) -> None:
        self._name, self._write, self._merged = name, write, merged
        self._waiting: dict[K, V] = {}
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        _all.append(self)  # type: ignore[arg-type]  # nobody asks those in the list for what they hold

    def note(self, key: K, value: V) -> None:
        """The value is written within seconds. Never waits for the database."""
        with self._guard:
            if self._merged is not None and key in self._waiting:
                value = self._merged(self._waiting[key], value)
            self._waiting[key] = value
            if settings.MODE != "test" and (self._thread is None or not self._thread.is_alive()):
                self._stopping.clear()
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def flush(self) -> int:
        """Writes what waits; returns how many keys that were."""
        with self._guard:
            waiting = self._waiting
            self._waiting = {}
        if waiting:
            self._write(waiting)
        return len(waiting)

    def forget(self) -> None:
        """Nothing waits any more."""
        with self._guard:
            self._waiting = {}

    def stop(self) -> None:
        """What waits is written, and the thread ends."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self._flush_or_log()
        self._flush_or_log()
        connection.close()

    def _flush_or_log(self) -> None:
        close_old_connections()
        try:
            self.flush()
        except DatabaseError:
            log.warning("later.not_written", what=self._name)


def stop() -> None:
    """Everything that waits anywhere is written, and the threads end."""
    for each in _all:
        each.stop()


def forget() -> None:
    """Nothing waits anywhere. For tests, whose rows are gone before what they left is written."""
    for each in _all:
        each.forget()
