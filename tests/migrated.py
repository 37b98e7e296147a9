"""A data folder with the tables of an empty instance, on SQLite. Migrating takes seconds, so that it is done
once: every worker and every server begins with a copy.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
#: `make clean` empties it.
_KEPT = _ROOT / ".pytest_cache" / "migrated"


@cache
def folder() -> Path:
    """The folder, made anew when a migration changes. Raises `RuntimeError` when migrating fails."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    found = _KEPT / _digest()
    with (_KEPT / "lock").open("w") as lock:
        # Workers begin at the same moment: one migrates, the others wait for it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            for old in _KEPT.glob("*-*"):
                shutil.rmtree(old)
            _migrate(made := found.with_name("unfinished-"))
            made.rename(found)
    return found


def _migrate(made: Path) -> None:
    made.mkdir()
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("BEYOU_")}
    ours = {"BEYOU_MODE": "development", "BEYOU_DATA_DIR": str(made), "BEYOU_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "beyou", "migrate", "--verbosity", "0"]
    environment = inherited | ours | {"DJANGO_SETTINGS_MODULE": "beyou.config.settings"}
    done = subprocess.run(command, env=environment, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])


def _digest() -> str:
    summed = hashlib.sha256()
    for path in sorted(set(_sources())):
        summed.update(path.read_bytes())
    return f"tables-{summed.hexdigest()[:20]}"


def _sources() -> Iterator[Path]:
    """Whatever decides how the tables look: migrations, what they call, the apps and the libraries."""
    yield from (_ROOT / "requirements").iterdir()
    yield _ROOT / "beyou/config/settings.py"
    yield _ROOT / "beyou/config/databases.py"
    for path in _ROOT.glob("beyou/*/migrations/*.py"):
        yield path
        for package, name in re.findall(r"^from (beyou[\w.]*) import (\w+)", path.read_text(), re.MULTILINE):
            at = _ROOT / package.replace(".", "/")
            yield from (each for each in (at / f"{name}.py", at.with_suffix(".py")) if each.exists())
