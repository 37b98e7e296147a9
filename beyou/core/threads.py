"""Threads that use the database."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, connections

_turn = threading.RLock()


@contextmanager
def writing_turn() -> Iterator[None]:
    """One of the threads that write all the time goes after the other, instead of into each other.

    SQLite lets one connection write; another one sleeps and asks again, for up to 25 ms where waiting for
    this lock takes none. Only a help: whoever writes without it is as correct. Elsewhere nothing happens,
    nor inside of a transaction: that one may write already, and would wait for somebody who waits for it.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with _turn:
        yield


class DatabasePool(ThreadPoolExecutor):
    """A pool whose threads keep their database connections until `stop`."""

    def __init__(self, size: int, name: str) -> None:
        super().__init__(size, thread_name_prefix=name)
        self._size = size

    def stop(self) -> None:
        """Waits for what runs, closes every thread's connections and ends the threads."""
        everybody = threading.Barrier(self._size)

        def leave() -> None:
            connections.close_all()
            try:
                # Nobody leaves before all have come, so that each thread runs this exactly once.
                everybody.wait(timeout=10)
            except threading.BrokenBarrierError:
                return

        for _ in range(self._size):
            self.submit(leave)
        self.shutdown(wait=True)
