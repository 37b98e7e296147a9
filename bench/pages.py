"""Pages: beside the smallest authenticated page, and with a long history beside a short one."""

import tempfile
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

from bench.common import Result, interleaved, median, milliseconds, table
from bench.server import LocalServer

FEW, MANY = 50, 50_000


def main() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="beyou-bench-") as name:
        folder = Path(name)
        with LocalServer(folder) as server:
            short, long = server.seed(talks=2, fill=[FEW, MANY])
            # The same data folder: both serve the same session from the same rows.
            with LocalServer(folder, module="bench.minimal", BEYOU_IN_PROCESS="0") as minimal:
                get = {
                    "minimal": _get(minimal, "/minimal", short.sessions[0]),
                    "few": _get(server, f"/chats/{short.conversation}", short.sessions[0]),
                    "many": _get(server, f"/chats/{long.conversation}", long.sessions[0]),
                    "list": _get(server, "/chats", short.sessions[0]),
                }
                times = {
                    side: median(taken) for side, taken in interleaved(get, rounds=150, warm_up=15).items()
                }
            # Alone, since what two servers share counts only half for each.
            memory = server.memory_kib()
    beside = f"smallest page {milliseconds(times['minimal'])}"
    return [
        Result(
            "10 thread, p50, 50,000 messages",
            milliseconds(times["many"]),
            f"50 messages {milliseconds(times['few'])}",
            times["many"] / times["few"],
            1.1,
        ),
        Result("11 thread of 50", milliseconds(times["few"]), beside, times["few"] / times["minimal"], 2.5),
        Result(
            "11 list of chats", milliseconds(times["list"]), beside, times["list"] / times["minimal"], 2.5
        ),
        Result("19 memory of the whole server", f"{memory / 1024:.0f} MiB", "100 MiB", memory / 102_400, 1),
    ]


def _get(server: LocalServer, path: str, session: str) -> Callable[[], None]:
    """One request on a connection that stays open; raises when the page is not given."""
    connection = HTTPConnection("127.0.0.1", server.port)

    def request() -> None:
        connection.request("GET", path, headers={"Cookie": f"beyou-session={session}"})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")

    return request


if __name__ == "__main__":
    print(table(main()))
