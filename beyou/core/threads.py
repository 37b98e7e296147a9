"""Threads that use the database."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connections


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
