"""Goal 5: durable messages a second on MariaDB and PostgreSQL, beside raw commits of eight connections.

Each engine is a private server that flushes at every commit (`tests.engines.servers`); both sides use its
Unix socket, and their short slices alternate.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bench.common import Result, median
from bench.messages import PER_SENDER, SENDERS, open_sockets, storm
from bench.server import LocalServer
from tests.engines import servers

SLICES, RAW_SECONDS = 9, 0.4
_ROW = b"x" * 400


def main() -> list[Result]:
    """One result for each engine; an engine that is not installed is named on standard error."""
    results = []
    for name, engine in (("MariaDB", servers.mariadb), ("PostgreSQL", servers.postgresql)):
        try:
            with engine(durable=True) as url, tempfile.TemporaryDirectory(prefix="beyou-bench-") as folder:
                results.append(_throughput(name, url, Path(folder)))
        except servers.ServerMissing as error:
            print(f"bench.engines: {name} is left out: {error}", file=sys.stderr)
    return results


def connect(url: str) -> Any:
    """A connection of the driver that Django uses, which commits each statement."""
    parts = urlsplit(url)
    place, name, user = dict(parse_qsl(parts.query))["socket"], parts.path.lstrip("/"), parts.username
    if parts.scheme == "mysql":
        import pymysql

        return pymysql.connect(unix_socket=place, user=user, database=name, autocommit=True)
    import psycopg

    return psycopg.connect(host=place, user=user, dbname=name, autocommit=True)


class EngineServer(LocalServer):
    """A server of ours whose rows are in another engine."""

    def __init__(self, data_dir: Path, url: str) -> None:
        super().__init__(data_dir, BEYOU_DATABASE_URL=url)
        self._url = url

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with closing(connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


def _throughput(name: str, url: str, folder: Path) -> Result:
    ratios, rates, raw_rates = [], [], []
    with EngineServer(folder, url) as server:
        talks = server.seed(talks=SENDERS)
        raw = RawCommits(url)
        with open_sockets(talks, server.port) as sockets:
            storm(sockets, talks)
            server.wait_until_sealed()
            before = raw.rate()
            for _ in range(SLICES):
                rate = storm(sockets, talks)
                server.wait_until_sealed()
                after = raw.rate()
                rates.append(rate)
                raw_rates.append(2 / (1 / before + 1 / after))
                ratios.append(rate / raw_rates[-1])
                before = after
    return Result(
        f"5 durable messages/s, {name}, {SENDERS} senders ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{median(rates):.0f}/s",
        f"raw commits, {SENDERS} connections {median(raw_rates):.0f}/s",
        median(ratios),
        limit=1,
        at_most=False,
    )


class RawCommits:
    """One row of a message's size per commit, on eight connections at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        blob, key = (
            ("longblob", "bigint auto_increment")
            if url.startswith("mysql")
            else ("bytea", "bigint generated always as identity")
        )
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE bench_raw (id {key} primary key, body {blob})")

    def rate(self) -> float:
        """Commits a second, counted while all eight connections are at it."""
        start, counts = threading.Barrier(SENDERS + 1), [0] * SENDERS
        threads = [
            threading.Thread(target=self._run, args=(start.wait, counts, number)) for number in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        start.wait()
        begin = time.perf_counter()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - begin)

    def _run(self, wait: Callable[[], object], counts: list[int], number: int) -> None:
        with closing(connect(self._url)) as connection, connection.cursor() as cursor:
            wait()
            stop = time.perf_counter() + RAW_SECONDS
            while time.perf_counter() < stop:
                cursor.execute("INSERT INTO bench_raw (body) VALUES (%s)", (_ROW,))
                counts[number] += 1


if __name__ == "__main__":
    from bench.common import table

    print(f"{PER_SENDER * SENDERS} messages a slice")
    print(table(main()))
