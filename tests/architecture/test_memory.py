"""What the server loads when it starts, and what it then holds: a small machine is enough for BeYou."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests import children
from tests.engines.servers import free_port

#: Needed by a few pages or commands only; whoever uses one imports it in the function that needs it.
SELDOM_NEEDED = frozenset(
    {
        "PIL",
        "altcha",
        "cbor2",
        "fido2",
        "fontTools",
        "fpdf",
        "hypothesis",
        "jwt",
        "maxminddb",
        "oauthlib",
        "phonenumbers",
        "puremagic",
    }
    | {"pygments", "pytest", "requests", "rich", "segno", "stripe", "ua_parser", "ua_parser_rs", "urllib3"}
)
#: The goal for a whole idle installation (performance.md §7, goal 19).
LIMIT_KIB = 100 * 1024


class Server:
    """`beyou serve` as people start it, which reports what it imports (`-X importtime`)."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "server.log"
        self.port = free_port()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("BEYOU_")}
        environment |= {
            "BEYOU_MODE": "development",
            "BEYOU_DATA_DIR": str(folder),
            "BEYOU_LOG_LEVEL": "warning",
            "DJANGO_SETTINGS_MODULE": "beyou.config.settings",
        }
        command = ["-m", "beyou", "serve", "--port", str(self.port)]
        with self.log.open("wb") as output:
            self.process = children.start(
                command,
                python=("-X", "importtime"),
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )

    def wait(self) -> None:
        """Returns when the server has answered a page and its health."""
        deadline = time.monotonic() + 60
        while True:
            try:
                for path in ("healthz/live", ""):
                    with urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as answer:
                        assert answer.status == 200
                return
            except (URLError, ConnectionError):
                assert self.process.poll() is None, self.log.read_text()[-2000:]
                assert time.monotonic() < deadline
                time.sleep(0.1)

    @property
    def loaded(self) -> set[str]:
        """The packages of which a module was loaded. A bare name may be one that was only looked for."""
        names = re.findall(r"^import time:.*\|\s*([\w.]+)\s*$", self.log.read_text(), re.MULTILINE)
        return {name.split(".")[0] for name in names if "." in name}

    @property
    def memory_kib(self) -> int:
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        assert found is not None
        return int(found[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("server"))
    try:
        started.wait()
        yield started
    finally:
        started.process.terminate()
        started.process.wait(timeout=20)


def test_the_server_starts_without_what_only_a_few_pages_need(server: Server) -> None:
    loaded = server.loaded
    assert {"django", "beyou", "uvicorn"} <= loaded
    too_early = loaded & SELDOM_NEEDED
    assert not too_early, "import these in the functions that need them, not at the top of a module"


def test_an_idle_server_keeps_within_its_memory(server: Server) -> None:
    assert server.memory_kib < LIMIT_KIB
