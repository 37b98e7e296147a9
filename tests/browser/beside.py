"""Runs pieces of Python beside a server, with Django ready: `python -m tests.browser.beside`.

Getting Django ready takes seconds, so that is done once; each piece then runs in a fork of its own, which it
may change or kill as it likes. A line of JSON for each piece goes in, a line about its end comes out.
"""

import ctypes
import json
import os
import signal
import sys
import tempfile
import traceback
from typing import IO, NoReturn

import django

_PR_SET_PDEATHSIG = 1


def main() -> None:
    django.setup()
    # What the piece prints must not come between the lines of our own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                _run(json.loads(line), out, err)
            _, status = os.waitpid(child, 0)
            ended = {"returncode": os.waitstatus_to_exitcode(status)}
            answers.write(json.dumps(ended | {"stdout": _text(out), "stderr": _text(err)}) + "\n")
            answers.flush()


def _run(code: str, out: IO[bytes], err: IO[bytes]) -> NoReturn:
    # It ends with its parent, which ends with the tests, and in any case before a test is called hung.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.alarm(280)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    returncode = 0
    try:
        exec(compile(code, "<beside>", "exec"), {"__name__": "__main__"})
    except SystemExit as ended:
        returncode = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        returncode = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(returncode)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


if __name__ == "__main__":
    main()
