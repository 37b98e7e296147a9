"""Frames between processes by Redis publish/subscribe; sockets of this process get theirs directly."""

import threading
from collections.abc import Iterable
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import orjson
import structlog
from redis import Redis
from redis.exceptions import RedisError

from beyou.core.ports.realtime import Realtime

log = structlog.get_logger()

CHANNEL = "beyou:live"
#: Frames that wait while Redis is away. Clients repair by number what is dropped beyond.
BACKLOG = 10_000
RETRY_SECONDS = 1.0


class RedisRealtime:
    """The hub of this process and those of all others. Without a hub it only sends, as page workers do."""

    def __init__(self, url: str, local: Realtime | None) -> None:
        self._redis: Any = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
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
            try:
                self._redis.publish(CHANNEL, orjson.dumps({"from": self._name, "items": items}))
            except RedisError:
                log.warning("live.redis_away", lost=len(items))
                self._stopping.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe(CHANNEL)
                    while not self._stopping.is_set():
                        message = channel.get_message(timeout=1.0)
                        if message is not None:
                            self._receive(message["data"])
            except RedisError:
                log.warning("live.redis_away")
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
