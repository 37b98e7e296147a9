"""Live frames to sockets. Delivery is a hint: whoever misses one repairs it by sequence number."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Protocol

#: The room of every socket.
EVERYBODY = "all"


class Realtime(Protocol):
    """Where frames go: the hub of this process, or Redis between processes."""

    def publish(self, rooms: Iterable[str], payload: bytes) -> None: ...

    def close(self, rooms: Iterable[str], code: int) -> None: ...


class NoSockets:
    """For processes without sockets, such as commands: frames vanish, and clients repair by number."""

    def publish(self, rooms: Iterable[str], payload: bytes) -> None:
        return None

    def close(self, rooms: Iterable[str], code: int) -> None:
        return None


_adapter: Realtime = NoSockets()


def use(adapter: Realtime) -> Realtime:
    """Makes the adapter the one that `publish` and `close` reach; returns the one before it."""
    global _adapter
    before, _adapter = _adapter, adapter
    return before


def publish(rooms: Iterable[str], payload: bytes) -> None:
    """Hands one encoded frame to every socket in the rooms. Thread-safe, never blocks. Call after commit."""
    _adapter.publish(rooms, payload)


def close(rooms: Iterable[str], code: int) -> None:
    """Ends every socket in the rooms with the close code (RFC 6455 §7.4)."""
    _adapter.close(rooms, code)


def member_room(member_id: object) -> str:
    return f"member:{member_id}"


def session_digest(session_key: str) -> str:
    """How tables, rooms and records name a session; the key itself stays out of them and of Redis."""
    return sha256(session_key.encode()).hexdigest()


def session_room(session_key: str) -> str:
    """The room of one session's sockets."""
    return digest_room(session_digest(session_key))


def digest_room(digest: str) -> str:
    """The room of the session with this digest."""
    return f"session:{digest}"
