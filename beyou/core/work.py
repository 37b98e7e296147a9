"""Long work beside the requests: a thread of its own, so that neither events nor returning jobs wait for it.

A worker is a function that does one step and says whether there was one to do. It keeps its place in the
database, so that any process may take the next step, also after this one was killed.
"""

import threading
from collections.abc import Callable

import structlog
from django.db import close_old_connections, connection, transaction

log = structlog.get_logger()

IDLE_SECONDS = 2.0

_workers: dict[str, Callable[[], bool]] = {}
_wake = threading.Event()
_stopping = threading.Event()


class Interrupted(Exception):
    """The process ends; the work goes on elsewhere or later."""


def worker(step: Callable[[], bool]) -> Callable[[], bool]:
    """Registers a step; put it where an app registers its reactions."""
    _workers[f"{step.__module__}.{step.__qualname__}"] = step
    return step


def wake_after_commit() -> None:
    """Work of this process begins at once after the caller's transaction."""
    transaction.on_commit(_wake.set)


def check_stopping() -> None:
    """Raises `Interrupted` when the process ends. Long steps ask now and then."""
    if _stopping.is_set():
        raise Interrupted


def run_once() -> bool:
    """Each worker does one step; returns whether one of them had something to do."""
    done = [_run(name, step) for name, step in _workers.items()]
    return any(done)


def run_all(limit: int = 1000) -> None:
    """Steps until nothing is left to do. For tests and commands."""
    for _ in range(limit):
        if not run_once():
            return
    raise RuntimeError("the work does not end")


def _run(name: str, step: Callable[[], bool]) -> bool:
    try:
        return step()
    except Interrupted:
        return False
    # One worker that fails must not keep the others from working; its rows say when it is tried again.
    except Exception:
        log.exception("work.failed", worker=name)
        return False


class WorkThread(threading.Thread):
    """Works while the process lives: at once when this process asks for it, else every two seconds."""

    def __init__(self) -> None:
        super().__init__(name="work", daemon=True)
        _stopping.clear()

    def run(self) -> None:
        while not _stopping.is_set():
            _wake.wait(timeout=IDLE_SECONDS)
            _wake.clear()
            close_old_connections()
            while not _stopping.is_set() and run_once():
                pass
        connection.close()

    def stop(self) -> None:
        _stopping.set()
        _wake.set()
        self.join(timeout=10)
        # Once the thread has ended nobody is left to interrupt; a step that still runs is asked to stop.
        if not self.is_alive():
            _stopping.clear()
