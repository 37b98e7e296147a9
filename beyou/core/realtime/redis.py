"""Frames between processes by Redis publish/subscribe; sockets of this process get theirs directly."""

import threading
from collections.abc import Iterable
from queue import SimpleQueue
from typing import Any, Protocol
from uuid import uuid4

import orjson
import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from beyou.core.ports.realtime import Realtime

log = structlog.get_logger()

CHANNEL = "beyou:live"
#: Frames that wait while Redis is away. Clients repair by number what is dropped beyond.
BACKLOG = 10_000
RETRY_SECONDS = 1.0


class LocalSockets(Realtime, Protocol):
    """The sockets of this process, which can be told that some order to close may have been missed."""

    def doubt(self) -> None: ...


class RedisRealtime:
    """The hub of this process and those of all others. Without a hub it only sends, as page workers do.

    Frames may be lost while Redis is away, since clients repair them by number. Orders to close are sent
    again until they are out, and whoever listens anew doubts every session that it let in before.
    """

    def __init__(self, url: str, local: LocalSockets | None) -> None:
        # The client's own way to come back would listen anew without telling anybody that it had not.
        never = Retry(NoBackoff(), 0)
        self._redis: Any = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, retry=never)
        self._local = local
        self._name = uuid4().hex
        self._outgoing: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, name="live-sender", daemon=True)]
        if local is not None:
            self._threads.append(threading.Thread(target=self._listen, name="live-listener", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._outgoing.put(None)
        for thread in self._threads:
            thread.join(timeout=3)
        self._redis.close()

    def publish(self, rooms: Iterable[str], payload: bytes) -> None:
        rooms = list(rooms)
        if self._local is not None:
            self._local.publish(rooms, payload)
        self._enqueue({"rooms": rooms, "payload": payload.decode()})

    def close(self, rooms: Iterable[str], code: int) -> None:
        rooms = list(rooms)
        if self._local is not None:
            self._local.close(rooms, code)
        self._enqueue({"rooms": rooms, "code": code})

    def _enqueue(self, item: dict[str, Any]) -> None:
        if self._outgoing.qsize() < BACKLOG:
            self._outgoing.put(item)

    def _send(self) -> None:
        """Everything that waits goes out as one Redis message: one per commit batch, not one per frame."""
        while (first := self._outgoing.get()) is not None:
            items = [first]
            while not self._outgoing.empty() and len(items) < 500:
                item = self._outgoing.get()
                if item is None:
                    self._outgoing.put(None)
                    break
                items.append(item)
            while items and not self._is_sent(items):
                items = [item for item in items if "code" in item]
                if self._stopping.wait(RETRY_SECONDS):
                    return

    def _is_sent(self, items: list[dict[str, Any]]) -> bool:
        try:
            self._redis.publish(CHANNEL, orjson.dumps({"from": self._name, "items": items}))
        # Not only Redis's own errors: a thread that ends on any other would keep every later order to itself.
        except Exception as error:
            log.warning("live.redis_away", lost=len(items), error=repr(error))
            return False
        return True

    def _listen(self) -> None:
        is_first = True
        while not self._stopping.is_set():
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe(CHANNEL)
                    if not is_first and self._local is not None:
                        self._local.doubt()
                    is_first = False
                    while not self._stopping.is_set():
                        message = channel.get_message(timeout=1.0)
                        if message is not None:
                            self._receive(message["data"])
            except Exception as error:
                log.warning("live.redis_away", error=repr(error))
                self._stopping.wait(RETRY_SECONDS)

    def _receive(self, data: bytes) -> None:
        batch = orjson.loads(data)
        if batch["from"] == self._name or self._local is None:
            return
        for item in batch["items"]:
            if "code" in item:
                self._local.close(item["rooms"], item["code"])
            else:
                self._local.publish(item["rooms"], item["payload"].encode())
