"""A WebSocket client without a library: load must cost the machine less than what it measures (RFC 6455)."""

import os
import socket
import struct
from typing import Any

import orjson

_TEXT, _CLOSE = 0x1, 0x8


class Closed(Exception):
    """The server ended the connection, with this code if it said one."""


class WebSocket:
    """A blocking client for text frames of any length."""

    def __init__(self, port: int, session: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        key = "AAAAAAAAAAAAAAAAAAAAAA=="
        self._socket.sendall(
            (
                f"GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
                f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\nCookie: beyou-session={session}\r\n\r\n"
            ).encode()
        )
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Closed(head.decode("latin-1"))

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, frame: dict[str, Any]) -> None:
        self._socket.sendall(masked(orjson.dumps(frame)))

    def send_raw(self, data: bytes) -> None:
        """Frames that `masked` made before the clock ran."""
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """The payload of the next frame."""
        opcode, length, header = self._header()
        while len(self._buffer) < header + length:
            self._fill()
        payload = self._buffer[header : header + length]
        self._buffer = self._buffer[header + length :]
        if opcode == _CLOSE:
            raise Closed(str(int.from_bytes(payload[:2], "big")))
        return payload

    def receive_type(self, kind: str) -> bytes:
        """The next frame of a type, undecoded."""
        mark = b'{"type":"%s"' % kind.encode()
        while True:
            payload = self.receive()
            if payload.startswith(mark):
                return payload

    def close(self) -> None:
        self._socket.close()

    def _header(self) -> tuple[int, int, int]:
        while len(self._buffer) < 2:
            self._fill()
        length = self._buffer[1] & 0x7F
        size = {126: 4, 127: 10}.get(length, 2)
        while len(self._buffer) < size:
            self._fill()
        if length == 126:
            (length,) = struct.unpack_from(">H", self._buffer, 2)
        elif length == 127:
            (length,) = struct.unpack_from(">Q", self._buffer, 2)
        return self._buffer[0] & 0x0F, length, size

    def _fill(self) -> None:
        data = self._socket.recv(1 << 18)
        if not data:
            raise Closed("cut")
        self._buffer += data


def masked(payload: bytes) -> bytes:
    """One text frame as clients send it."""
    mask = os.urandom(4)
    length = len(payload)
    if length < 126:
        head = struct.pack(">BB", 0x80 | _TEXT, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack(">BBH", 0x80 | _TEXT, 0x80 | 126, length)
    else:
        head = struct.pack(">BBQ", 0x80 | _TEXT, 0x80 | 127, length)
    key = (mask * (length // 4 + 1))[:length]
    body = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")
    return head + mask + body
