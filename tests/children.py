"""Processes that tests start end with the tests, also when those are killed: no server, no sealer stays.

A child runs `python -m tests.children FD …`, reads from the pipe whose other end the tests hold, and ends
when the kernel closes that. No process stands in between: what is sent to it, and how it ends, is the
program's own.
"""

import os
import runpy
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

_pipe: tuple[int, int] | None = None


def start(arguments: list[str], *, python: tuple[str, ...] = (), **options: Any) -> "subprocess.Popen[bytes]":
    """`python ARGUMENTS`, which are `-m MODULE …` or `-c CODE …`, in the folder of the repository.

    `python` is what comes before them, as `-X importtime`.
    """
    import subprocess

    global _pipe
    if _pipe is None:
        _pipe = os.pipe()
    command = [sys.executable, *python, "-m", "tests.children", str(_pipe[0]), *arguments]
    return subprocess.Popen(command, pass_fds=(_pipe[0],), cwd=_root(), **options)


def _root() -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _end_with_the_tests(pipe: int) -> None:
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def main(pipe: int, kind: str, what: str, rest: list[str]) -> None:
    """Runs the module or the code as Python itself would."""
    threading.Thread(target=_end_with_the_tests, args=(pipe,), daemon=True).start()
    sys.argv = [what if kind == "-m" else kind, *rest]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:4], sys.argv[4:])
