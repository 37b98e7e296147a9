"""What the machine itself can do, measured beside everything else: one durable commit, one echo."""

import socket
import sqlite3
import threading
from pathlib import Path

_ROW = b"x" * 400


class RawCommit:
    """One row of a message's size per durable commit, by SQLite without Django."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(
            folder / "raw.sqlite3", isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB)")

    def __call__(self) -> None:
        self._connection.execute("INSERT INTO row (body) VALUES (?)", (_ROW,))

    def close(self) -> None:
        self._connection.close()


class RawEcho:
    """200 bytes there and back over TCP on the loopback address, Python at both ends."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()
        self._socket = socket.create_connection(listener.getsockname())
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @staticmethod
    def _serve(listener: socket.socket) -> None:
        with listener, listener.accept()[0] as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := peer.recv(4096):
                peer.sendall(data)

    def __call__(self) -> None:
        self._socket.sendall(b"e" * 200)
        left = 200
        while left:
            left -= len(self._socket.recv(left))

    def close(self) -> None:
        self._socket.close()
