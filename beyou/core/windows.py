"""Moving windows that count what a key does: one in this process, one that all processes share."""

import threading
import time
from collections import deque
from importlib import import_module
from typing import Protocol

from limits import RateLimitItem
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

#: How long to wait for the store that all processes share.
STORE_SECONDS = 2.0


class Window(Protocol):
    """Counts what a key did within the time of its policy."""

    def hit(self, item: RateLimitItem, policy: str, key: str) -> float | None:
        """Counts one attempt, or returns the seconds until there is room for one."""

    def count(self, item: RateLimitItem, policy: str, key: str) -> int:
        """How many attempts are in the window; counts none."""
        ...

    def clear(self, item: RateLimitItem, policy: str, key: str) -> None: ...

    def reset(self) -> None: ...


class LocalWindow:
    """A moving window in this process. The one of `limits` starts a thread every few messages to tidy up."""

    def __init__(self) -> None:
        self._moments: dict[tuple[str, str], tuple[int, deque[float]]] = {}
        self._lock = threading.Lock()
        self._sweep_at = 0.0

    def hit(self, item: RateLimitItem, policy: str, key: str) -> float | None:
        now, seconds = time.monotonic(), item.get_expiry()
        with self._lock:
            if now >= self._sweep_at:
                self._sweep(now)
            _, moments = self._moments.setdefault((policy, key), (seconds, deque()))
            while moments and moments[0] <= now - seconds:
                moments.popleft()
            if len(moments) >= item.amount:
                # The policy may have allowed more when the first of them came.
                return moments[-item.amount] + seconds - now
            moments.append(now)
            return None

    def count(self, item: RateLimitItem, policy: str, key: str) -> int:
        since = time.monotonic() - item.get_expiry()
        with self._lock:
            _, moments = self._moments.get((policy, key), (0, ()))
            return sum(moment > since for moment in moments)

    def clear(self, item: RateLimitItem, policy: str, key: str) -> None:
        with self._lock:
            self._moments.pop((policy, key), None)

    def reset(self) -> None:
        with self._lock:
            self._moments.clear()

    def _sweep(self, now: float) -> None:
        """Forgets keys that were not seen for the whole of their window."""
        self._sweep_at = now + 60
        for name, (seconds, moments) in list(self._moments.items()):
            if not moments or moments[-1] <= now - seconds:
                del self._moments[name]


class SharedWindow:
    """A moving window in Redis. Every method raises `limits.errors.StorageError` while it is away."""

    def __init__(self, url: str) -> None:
        # While another thread imports it, `limits` would take the module as it stands, with no version.
        import_module("redis")
        options = {"socket_timeout": STORE_SECONDS, "socket_connect_timeout": STORE_SECONDS}
        storage: Storage = storage_from_string(url, wrap_exceptions=True, **options)  # type: ignore[assignment]  # sync URL gives a sync store
        self._limiter = MovingWindowRateLimiter(storage)

    def hit(self, item: RateLimitItem, policy: str, key: str) -> float | None:
        if self._limiter.hit(item, policy, key):
            return None
        return self._limiter.get_window_stats(item, policy, key).reset_time - time.time()

    def count(self, item: RateLimitItem, policy: str, key: str) -> int:
        return item.amount - self._limiter.get_window_stats(item, policy, key).remaining

    def clear(self, item: RateLimitItem, policy: str, key: str) -> None:
        self._limiter.clear(item, policy, key)

    def reset(self) -> None:
        self._limiter.storage.reset()
