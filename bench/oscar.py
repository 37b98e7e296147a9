"""A shop of django-oscar in an environment of its own under the temporary folder, for one measurement.

It is never a dependency of ours: the environment is made by pip when somebody measures, and nothing of it is
imported here.
"""

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from types import TracebackType
from urllib.error import URLError
from urllib.request import urlopen

from bench.server import free_port

#: 8.5 of the phone numbers asks for nothing that the shop does not have; Whoosh is its sandbox's index.
_PACKAGES = ("django-oscar==4.2.1", "sorl-thumbnail", "whoosh", "gunicorn")
_ROOT = Path(__file__).parent.parent


class NoShop(Exception):
    """The shop could not be installed or built; the message says why."""


class OscarShop:
    """A served shop with so many products. Entering raises `NoShop`."""

    def __init__(self, folder: Path, products: int) -> None:
        self._folder = folder
        self._products = products
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "OscarShop":
        python = _environment()
        self._folder.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(_ROOT),
            "SHOP_DIR": str(self._folder),
            "DJANGO_SETTINGS_MODULE": "bench.oscar_shop.settings",
        }
        _do([str(python), "-W", "ignore", "-m", "bench.oscar_shop.seed", str(self._products)], environment)
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}",
             "--workers", "1", "--log-level", "error", "django.core.wsgi:get_wsgi_application()"],
            env=environment,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/catalogue/", timeout=30):
                    return self
            except (URLError, OSError):
                time.sleep(0.2)
        self.__exit__(None, None, None)
        raise NoShop("the shop did not answer within a minute")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def _environment() -> Path:
    """Its Python; made once, and used again by the next measurement."""
    folder = Path(tempfile.gettempdir()) / "beyou-bench-oscar"
    python, done = folder / "bin" / "python", folder / "done"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        _do([str(python), "-m", "pip", "install", "--quiet", *_PACKAGES], dict(os.environ))
        done.touch()
    return python


def _do(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["nothing was said"]
        raise NoShop(f"{' '.join(command[1:4])} … failed: {lines[-1]}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="beyou-oscar-") as name, OscarShop(Path(name), 200) as shop:
        print(f"http://127.0.0.1:{shop.port}/catalogue/", file=sys.stderr)
