"""A real `beyou serve` on a free port, with a data folder of its own and a file that keeps all it says."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from tests import children, migrated

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One development instance. `run` executes Python beside it, on the same database."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.database = data_dir / "db.sqlite3"
        self.log = data_dir / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._beside: subprocess.Popen[bytes] | None = None
        self._beside_knows: dict[str, str] = {}
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("BEYOU_")}
        self.environment = inherited | {
            "DJANGO_SETTINGS_MODULE": "beyou.config.settings",
            "BEYOU_MODE": "development",
            "BEYOU_DATA_DIR": str(data_dir),
            "BEYOU_ORIGIN": self.origin,
            "BEYOU_LOG_LEVEL": "info",
            # A cheap proof of work: the tests measure behaviour, not hashing.
            "BEYOU_SIGN_UP_POW_COST": "10",
            "BEYOU_LEDGER_DIFFICULTY_BITS": "2",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Whatever was started here has ended, also what runs beside."""
        self.stop()

    def start(self) -> None:
        """Returns when the server answers; raises `RuntimeError` with the end of its log otherwise."""
        with self.log.open("ab") as log:
            command = ["-m", "beyou", "serve", "--port", str(self.port)]
            self._process = children.start(command, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urlopen(f"{self.origin}/healthz/live", timeout=1):
                    return
            except (URLError, OSError):
                time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"the server did not answer:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """Ends the process without a chance to tidy up, as a power failure would."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=10)
            self._process = None

    def stop(self) -> None:
        self._leave_beside()
        if not self._process:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
            self._process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`beyou ARGUMENTS` on this instance's data."""
        return self._finish([sys.executable, "-m", "beyou", *arguments])

    def migrate(self) -> None:
        """The tables are there: on SQLite as a copy, since migrating takes seconds."""
        if "BEYOU_DATABASE_URL" not in self.environment:
            shutil.copytree(migrated.folder(), self.data_dir, dirs_exist_ok=True)
            return
        done = self.command("migrate", "--verbosity", "0")
        if done.returncode:
            raise RuntimeError(done.stderr[-4000:])

    def run(self, code: str) -> str:
        """What `code` prints, with Django ready. Raises `RuntimeError` with its traceback."""
        done = self.die(code)
        if done.returncode:
            raise RuntimeError(done.stderr[-4000:])
        return done.stdout

    def die(self, code: str) -> subprocess.CompletedProcess[str]:
        """How `code` ended, which may be by killing its process; with Django ready."""
        beside = self._beside
        if beside is None or self._beside_knows != self.environment:
            beside = self._start_beside()
        assert beside.stdin
        assert beside.stdout
        beside.stdin.write(json.dumps(code).encode() + b"\n")
        beside.stdin.flush()
        return subprocess.CompletedProcess(code, **json.loads(beside.stdout.readline()))

    def _start_beside(self) -> subprocess.Popen[bytes]:
        self._leave_beside()
        self._beside_knows = dict(self.environment)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._beside = children.start(["-m", "tests.browser.beside"], env=self.environment, **pipes)
        # Also where nobody ever stops this server, since it was only asked and never started.
        weakref.finalize(self, self._beside.communicate, timeout=30)
        return self._beside

    def _leave_beside(self) -> None:
        if self._beside:
            self._beside.communicate(timeout=30)
            self._beside = None

    def _finish(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments,
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@contextmanager
def running(data_dir: Path) -> Iterator[Server]:
    """A server for as long as the block, with the tables of an empty instance."""
    server = Server(data_dir)
    server.migrate()
    server.start()
    try:
        yield server
    finally:
        server.stop()
