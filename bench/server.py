"""A real server process on a free port with a data folder of its own, for benches and replays."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from urllib.error import URLError
from urllib.request import urlopen
from uuid import UUID

import orjson

from bench.people import Talk

#: A fresh database is migrated meanwhile, beside whatever else the machine does.
START_S = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LocalServer:
    """`beyou serve` in a subprocess. `environment` are further BEYOU_* settings."""

    def __init__(self, data_dir: Path, *, module: str = "beyou", **environment: str) -> None:
        self._module = module
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "BEYOU_MODE": "development",
            "BEYOU_DATA_DIR": str(data_dir),
            "BEYOU_ORIGIN": self.origin,
            "BEYOU_LOG_LEVEL": "warning",
            # Machines send faster here than people may.
            "BEYOU_MESSAGES_PER_MINUTE": "10000000",
            "BEYOU_FRAMES_PER_SECOND": "1000000",
            "BEYOU_SOCKETS_PER_MEMBER": "100000",
            "DJANGO_SETTINGS_MODULE": "beyou.config.settings",
        } | environment
        self.data_dir = data_dir
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "LocalServer":
        self.start()
        return self

    def join_environment(self) -> None:
        """This process uses the server's database, too. Once per process."""
        os.environ.update(self.environment)

    def start(self) -> None:
        """Returns when the server answers; raises `RuntimeError` after `START_S` or when it died."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", self._module, "serve", "--port", str(self.port)],
            env=os.environ | self.environment,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}")
            try:
                with urlopen(f"{self.origin}/healthz/live", timeout=1):
                    return
            except (URLError, OSError):
                time.sleep(0.05)
        self.process.kill()
        raise RuntimeError(f"the server did not answer within {START_S} s")

    def seed(self, *, talks: int, fill: Sequence[int] = ()) -> list[Talk]:
        """Members with chats in this server's database, the first ones with so many messages, all sealed."""
        arguments = ["--talks", str(talks), "--fill", *map(str, fill)]
        done = subprocess.run(
            [sys.executable, "-m", "bench.people", *arguments],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        self.wait_until_sealed()
        return [
            Talk(
                UUID(each["conversation"]),
                (UUID(each["members"][0]), UUID(each["members"][1])),
                (each["sessions"][0], each["sessions"][1]),
            )
            for each in orjson.loads(done.stdout.splitlines()[-1])
        ]

    def wait_until_sealed(self) -> None:
        """Returns when nothing waits for the ledger; raises `RuntimeError` after two minutes."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.rows("SELECT COUNT(*) FROM ledger_outbox") == [(0,)]:
                return
            time.sleep(0.1)
        raise RuntimeError("the ledger did not keep up")

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """The answer of the embedded database to one statement."""
        connection = sqlite3.connect(self.data_dir / "db.sqlite3", timeout=20)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def memory_kib(self) -> int:
        """What the process holds of the machine's memory, its share of shared pages counted (PSS)."""
        assert self.process is not None
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        assert found is not None
        return int(found[1])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
