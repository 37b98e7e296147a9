"""Sending: how long until a durable message is delivered, how many a second, and whether history costs."""

import select
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from uuid import UUID

import orjson

from bench.common import Result, interleaved, median, milliseconds, percentile, table
from bench.people import Talk
from bench.raw import RawCommit, RawEcho
from bench.server import LocalServer
from bench.websocket import WebSocket, masked
from beyou.core.ids import uuid7

TEXT = "A line of about a hundred and ten characters, as people write them when they talk about nothing much."
SENDERS, WINDOW, PER_SENDER = 8, 16, 500
SLICES, RAW_SECONDS = 11, 0.3
GROWN = 100_000


def main() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="beyou-bench-") as name:
        folder = Path(name)
        commit, echo = RawCommit(folder), RawEcho()
        with LocalServer(folder / "data") as server, LocalServer(folder / "grown") as grown:
            talks = server.seed(talks=SENDERS + 1, fill=[1_000])
            (large,) = grown.seed(talks=1, fill=[GROWN])
            results = [
                *_latency(server, talks[0], commit, echo),
                _flat(server, talks[0], grown, large),
                _over_http(server, talks[0], commit, echo),
                _throughput(server, talks[1:], commit),
            ]
        commit.close()
        echo.close()
    return results


def frame(conversation: UUID) -> bytes:
    return masked(
        orjson.dumps(
            {
                "type": "send",
                "ref": 1,
                "conversation": str(conversation),
                "draft": {"id": str(uuid7()), "text": TEXT},
            }
        )
    )


@contextmanager
def _pair(server: LocalServer, talk: Talk) -> Iterator[Callable[[], None]]:
    """Sends one message and returns when it stands on the other one's socket."""
    sender, reader = (WebSocket(server.port, session) for session in talk.sessions)
    sender.receive_type("hello")
    reader.receive_type("hello")

    def send_and_deliver() -> None:
        sender.send_raw(frame(talk.conversation))
        reader.receive_type("message.new")

    def drained() -> None:
        send_and_deliver()
        while select.select([sender], [], [], 0)[0]:
            sender.receive()

    try:
        yield drained
    finally:
        sender.close()
        reader.close()


def _latency(server: LocalServer, talk: Talk, commit: RawCommit, echo: RawEcho) -> list[Result]:
    with _pair(server, talk) as deliver:
        alone = interleaved({"message": deliver, "commit": commit, "echo": echo}, rounds=800, warm_up=100)
        stop = threading.Event()
        reader = threading.Thread(target=_read_pages, args=(server, talk, stop))
        reader.start()
        beside = interleaved({"message": deliver}, rounds=400, warm_up=20)["message"]
        stop.set()
        reader.join()
    floor = median(alone["commit"]) + median(alone["echo"])
    middle = median(alone["message"])
    return [
        Result(
            "1-2 send, commit (FULL), deliver, p50",
            milliseconds(middle),
            f"raw commit + echo {milliseconds(floor)}",
            middle / floor,
            6,
        ),
        Result(
            "3 its p99 while pages are served",
            milliseconds(percentile(beside, 99)),
            f"p50 {milliseconds(median(beside))}",
            percentile(beside, 99) / median(beside),
            10,
        ),
    ]


def _read_pages(server: LocalServer, talk: Talk, stop: threading.Event) -> None:
    """One member who opens her thread again and again, with a breath between."""
    connection = HTTPConnection("127.0.0.1", server.port)
    while not stop.is_set():
        connection.request(
            "GET", f"/chats/{talk.conversation}", headers={"Cookie": f"beyou-session={talk.sessions[1]}"}
        )
        connection.getresponse().read()
        stop.wait(0.02)
    connection.close()


def _throughput(server: LocalServer, talks: list[Talk], commit: RawCommit) -> Result:
    """Short slices of both sides in turn, and the middle one of the ratios of neighbours.

    What else the machine does moves a durable commit between 0.13 and 4 ms within a minute, so that two long
    rounds measure two machines. Each slice of ours stands between two of raw commits, so that a disk that
    gets slower or faster meanwhile favours nobody. A slice lasts several rounds of the sealer, whose work
    therefore counts; what is left of it ends before the raw side begins.
    """
    ratios, rates, raw_rates = [], [], []
    with open_sockets(talks, server.port) as sockets:
        storm(sockets, talks)
        server.wait_until_sealed()
        before = _raw_rate(commit)
        for _ in range(SLICES):
            rate = storm(sockets, talks)
            server.wait_until_sealed()
            after = _raw_rate(commit)
            # Of the two neighbours together: as many commits as in both slices, in the time of both.
            raw = 2 / (1 / before + 1 / after)
            ratios.append(rate / raw)
            rates.append(rate)
            raw_rates.append(raw)
            before = after
    return Result(
        f"4 durable messages/s, 8 senders, {SLICES} slices ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{median(rates):.0f}/s",
        f"raw one-row commits {median(raw_rates):.0f}/s",
        median(ratios),
        limit=1,
        at_most=False,
    )


def _raw_rate(commit: RawCommit) -> float:
    count, begin = 0, time.perf_counter()
    while (taken := time.perf_counter() - begin) < RAW_SECONDS:
        commit()
        count += 1
    return count / taken


@contextmanager
def open_sockets(talks: list[Talk], port: int) -> Iterator[list[WebSocket]]:
    """One socket of the first member of each talk."""
    sockets = [WebSocket(port, talk.sessions[0]) for talk in talks]
    try:
        for socket in sockets:
            socket.receive_type("hello")
        yield sockets
    finally:
        for socket in sockets:
            socket.close()


def storm(sockets: list[WebSocket], talks: list[Talk]) -> float:
    """Messages a second when eight sockets keep sixteen drafts each on the way."""
    frames = [[frame(talk.conversation) for _ in range(PER_SENDER)] for talk in talks]
    start = threading.Barrier(len(talks) + 1)

    def run(socket: WebSocket, mine: list[bytes]) -> None:
        start.wait()
        sent = WINDOW
        socket.send_raw(b"".join(mine[:WINDOW]))
        for _ in range(PER_SENDER):
            socket.receive_type("accepted")
            if sent < PER_SENDER:
                socket.send_raw(mine[sent])
                sent += 1

    threads = [threading.Thread(target=run, args=pair) for pair in zip(sockets, frames, strict=True)]
    for thread in threads:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - begin
    return len(talks) * PER_SENDER / taken


def _over_http(server: LocalServer, talk: Talk, commit: RawCommit, echo: RawEcho) -> Result:
    """A send by POST beside the smallest authenticated answer of the same server and a raw commit."""
    connection = HTTPConnection("127.0.0.1", server.port)
    token = "x" * 32
    headers = {
        "Cookie": f"beyou-session={talk.sessions[0]}; beyou-csrf={token}",
        "X-CSRFToken": token,
        "Content-Type": "application/json",
    }

    def post(text: str) -> None:
        body = orjson.dumps({"id": str(uuid7()), "text": text})
        connection.request("POST", f"/api/v1/conversations/{talk.conversation}/messages", body, headers)
        connection.getresponse().read()

    def get_me() -> None:
        connection.request("GET", "/api/v1/me", headers=headers)
        connection.getresponse().read()

    times = interleaved(
        {"post": lambda: post(TEXT), "me": get_me, "commit": commit, "echo": echo}, rounds=300, warm_up=30
    )
    connection.close()
    beside = median(times["me"]) + median(times["commit"])
    return Result(
        "6 send over HTTP POST, p50",
        milliseconds(median(times["post"])),
        f"smallest authenticated answer + raw commit {milliseconds(beside)}",
        median(times["post"]) / beside,
        2,
    )


def _flat(server: LocalServer, small: Talk, grown: LocalServer, large: Talk) -> Result:
    """A send at a few thousand and at 100,000 ledger entries: two servers, measured in turn."""
    with _pair(server, small) as few, _pair(grown, large) as many:
        times = interleaved({"few": few, "many": many}, rounds=600, warm_up=100)
    return Result(
        "13 send at 100,000 ledger entries, p50",
        milliseconds(median(times["many"])),
        f"at 3,000 {milliseconds(median(times['few']))}",
        median(times["many"]) / median(times["few"]),
        1.1,
    )


if __name__ == "__main__":
    print(table(main()))
