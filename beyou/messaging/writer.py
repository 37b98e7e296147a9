"""The one thread that commits messages of this process, in groups: who waits goes with the next commit."""

import threading
import time
from concurrent.futures import Future
from queue import Empty, SimpleQueue

import structlog
from django.db import close_old_connections, connection

from beyou.core import limits
from beyou.messaging.accept import Accepted, Refused, accept_messages
from beyou.messaging.delivery import announce
from beyou.messaging.rules import Draft

log = structlog.get_logger()

#: Larger groups gain nothing and make the first in line wait longer.
GROUP_LIMIT = 256
#: A connection that was in use a moment ago is not asked whether it still works: that would take as long as
#: half a group. If it does not, the transaction fails and is tried again with a new one.
_CHECK_SECONDS = 5.0

Answer = Future[Accepted | Refused]


class Writer(threading.Thread):
    """Takes all drafts that wait and commits them together. A lone draft waits for nobody."""

    def __init__(self) -> None:
        super().__init__(name="message-writer", daemon=True)
        self._waiting: SimpleQueue[tuple[Draft, Answer] | None] = SimpleQueue()
        self._check_at = 0.0

    def submit(self, draft: Draft) -> Answer:
        answer: Answer = Future()
        self._waiting.put((draft, answer))
        return answer

    def run(self) -> None:
        while group := self._next_group():
            self._commit(group)
        connection.close()

    def stop(self) -> None:
        """Commits what waits, then ends."""
        self._waiting.put(None)
        self.join(timeout=10)

    def _next_group(self) -> list[tuple[Draft, Answer]]:
        """Waits for one draft, then takes those that wait already; empty when the writer shall end."""
        first = self._waiting.get()
        if first is None:
            return []
        group = [first]
        while len(group) < GROUP_LIMIT:
            try:
                item = self._waiting.get_nowait()
            except Empty:
                break
            if item is None:
                self._waiting.put(None)
                break
            group.append(item)
        return group

    def _commit(self, group: list[tuple[Draft, Answer]]) -> None:
        try:
            # In here, since closing a broken connection may fail as well and must not end the thread.
            self._check_connection()
            results = accept_messages([draft for draft, _ in group])
        # One draft that breaks the database's patience must not take the others with it.
        except Exception as error:
            if len(group) > 1:
                for item in group:
                    self._commit([item])
                return
            log.exception("writer.failed")
            group[0][1].set_exception(error)
            return
        for (_, answer), result in zip(group, results, strict=True):
            answer.set_result(result)
        announce(results)

    def _check_connection(self) -> None:
        now = time.monotonic()
        if now >= self._check_at:
            close_old_connections()
            self._check_at = now + _CHECK_SECONDS


_writer: Writer | None = None


def start() -> Writer:
    """From now on this process commits in groups."""
    global _writer
    _writer = Writer()
    _writer.start()
    return _writer


def stop() -> None:
    """What waits is committed; later drafts are committed one by one by their callers."""
    global _writer
    if _writer is not None:
        writer, _writer = _writer, None
        writer.stop()


def submit(draft: Draft) -> Answer:
    """The answer to come. Without a writer in this process the draft is committed before this returns.

    Raises `RateLimited` when the sender sends more than a person can.
    """
    limits.check("messages.member", str(draft.sender))
    if _writer is not None:
        return _writer.submit(draft)
    answer: Answer = Future()
    results = accept_messages([draft])
    answer.set_result(results[0])
    announce(results)
    return answer


def send(draft: Draft) -> Accepted:
    """The message, committed. Raises the `ApplicationError` of a refusal."""
    result = submit(draft).result(timeout=30)
    if isinstance(result, Refused):
        raise result.error
    return result
