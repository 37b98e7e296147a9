"""No process that a test starts outlives a run that is killed."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import children

ROOT = Path(__file__).resolve().parents[2]
_SLEEP = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
_PARENT = f"""
import sys, time
from tests import children
children.start(["-c", {_SLEEP!r}])
children.start(["-m", "tests.architecture.sleeper", "argument"])
time.sleep(600)
"""
#: What may start processes itself: it ends them in the same way, or waits for them with a time limit.
_STARTERS = {
    "tests/browser/beside.py",
    "tests/children.py",
    "tests/engines/servers.py",
    "tests/engines/supervisor.py",
}
#: Tests of exactly this, which kill what they start.
_TESTS = {"tests/architecture/test_children.py", "tests/faults/test_private_servers.py"}


def _is_alive(process: int) -> bool:
    """A zombie, which waits for nobody but its parent, is not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_with_a_run_that_is_killed(how: signal.Signals) -> None:
    run = subprocess.Popen([sys.executable, "-c", _PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    found = [int(run.stdout.readline()) for _ in range(2)]
    assert all(_is_alive(process) for process in found)
    os.kill(run.pid, how)
    run.wait()
    run.stdout.close()
    deadline = time.monotonic() + 20
    while any(_is_alive(process) for process in found) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(_is_alive(process) for process in found)


def test_a_child_is_the_program_itself() -> None:
    """Its arguments, its exit status, and the signal that ends it are those of the program."""
    code = "import sys; print(sys.argv, __name__); sys.exit(7)"
    done = children.start(["-c", code, "a", "b"], stdout=subprocess.PIPE)
    assert done.communicate(timeout=60)[0].decode().strip() == "['-c', 'a', 'b'] __main__"
    assert done.returncode == 7
    sleeping = children.start(["-c", _SLEEP], stdout=subprocess.PIPE)
    assert sleeping.stdout is not None
    assert int(sleeping.stdout.readline()) == sleeping.pid
    sleeping.terminate()
    sleeping.communicate(timeout=60)
    assert sleeping.returncode == -signal.SIGTERM


def test_every_process_of_a_test_is_started_in_this_way() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"\bPopen\(|multiprocessing|os\.fork|os\.spawn", path.read_text())
    }
    assert found == _STARTERS | _TESTS
