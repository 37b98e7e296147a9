"""Sockets: what an idle one costs, and how fast a room has a message."""

import resource
import socket as tcp
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from bench.common import Result, median, milliseconds, table
from bench.messages import frame
from bench.raw import RawCommit, RawEcho
from bench.server import LocalServer
from bench.websocket import WebSocket

IDLE, ROOM, ROUNDS = 2_000, 50, 200


def main() -> list[Result]:
    _allow_files(2 * IDLE)
    with tempfile.TemporaryDirectory(prefix="beyou-bench-") as name, LocalServer(Path(name)) as server:
        (talk,) = server.seed(talks=1)
        return [_room(server, talk.conversation, talk.sessions), _idle(server, talk.sessions[0])]


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def _idle(server: LocalServer, session: str) -> Result:
    """Memory per socket: 100 first, so that what is made once does not count."""
    sockets = [WebSocket(server.port, session) for _ in range(100)]
    for socket in sockets:
        socket.receive_type("hello")
    before = server.memory_kib()
    for _ in range(IDLE):
        sockets.append(WebSocket(server.port, session))
        sockets[-1].receive_type("hello")
    each = (server.memory_kib() - before) / IDLE
    for socket in sockets:
        socket.close()
    return Result(f"9 memory per idle socket at {IDLE}", f"{each:.1f} KiB", "30 KiB", each / 30, 1)


def _room(server: LocalServer, conversation: UUID, sessions: tuple[str, str]) -> Result:
    """From the send to the last of fifty sockets, beside what the machine needs for the same."""
    sender = WebSocket(server.port, sessions[0])
    sender.receive_type("hello")
    readers = [WebSocket(server.port, sessions[1]) for _ in range(ROOM)]
    for reader in readers:
        reader.receive_type("hello")
    ours, raw = [], []
    commit, echo = RawCommit(server.data_dir), RawEcho()
    with _broadcaster() as broadcast:
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            sender.send_raw(frame(conversation))
            for reader in readers:
                reader.receive_type("message.new")
            ours.append(time.perf_counter() - begin)
            sender.receive_type("message.new")
            begin = time.perf_counter()
            commit()
            echo()
            broadcast()
            raw.append(time.perf_counter() - begin)
    for each in (sender, *readers, commit, echo):
        each.close()
    return Result(
        f"7 room of {ROOM}: all have a durable message, p50",
        milliseconds(median(ours)),
        f"raw commit + echo + plain broadcast {milliseconds(median(raw))}",
        median(ours) / median(raw),
        6,
    )


@contextmanager
def _broadcaster() -> Iterator[Callable[[], None]]:
    """One byte to a plain loop over sockets in a thread; returns when all fifty have 600 bytes."""
    listener = tcp.create_server(("127.0.0.1", 0), backlog=ROOM + 1)
    ends = [tcp.create_connection(listener.getsockname()) for _ in range(ROOM + 1)]
    peers = [listener.accept()[0] for _ in range(ROOM + 1)]
    for each in (*ends, *peers):
        each.setsockopt(tcp.IPPROTO_TCP, tcp.TCP_NODELAY, 1)

    def serve() -> None:
        while peers[0].recv(1):
            for peer in peers[1:]:
                peer.sendall(b"x" * 600)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def broadcast() -> None:
        ends[0].sendall(b"!")
        for end in ends[1:]:
            left = 600
            while left:
                left -= len(end.recv(left))

    yield broadcast
    for each in (*ends, listener):
        each.close()
    thread.join()
    for peer in peers:
        peer.close()


if __name__ == "__main__":
    print(table(main()))
