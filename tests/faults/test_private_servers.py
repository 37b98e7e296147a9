"""A private server ends with the process that started it, even when that is killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.table import ROOT

_KEEP_RUNNING = """
import sys, time
from tests.engines import servers
with getattr(servers, sys.argv[1])() as url:
    print(url, flush=True)
    time.sleep(60)
"""


def _alive(marker: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes():
                return True
        except OSError:
            continue
    return False


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that the unprivileged user of the server may enter; what the killed run left goes with it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("engine", "marker"), [("mariadb", "socket="), ("postgresql", "socket="), ("redis", "127.0.0.1:")]
)
def test_a_killed_run_leaves_no_server_behind(engine: str, marker: str, public_folder: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", _KEEP_RUNNING, engine],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(public_folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    unique = run.stdout.readline().strip().partition(marker)[2]
    assert unique
    assert _alive(unique)
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    deadline = time.monotonic() + 10
    while _alive(unique) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(unique)
