"""Runs a server until standard input ends: supervisor.py SIGNAL USER COMMAND...

Whoever started this holds the other end of the pipe, and the kernel closes it when that process dies,
however it dies.
"""

import subprocess
import sys
import threading

_STOP_SECONDS = 20


def main(stop_signal: int, user: str, command: list[str]) -> int:
    """The server's exit status."""
    owner = {"user": user, "group": user, "extra_groups": []} if user else {}
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, **owner)  # type: ignore[call-overload]

    def stop_at_the_end() -> None:
        sys.stdin.buffer.read()
        server.send_signal(stop_signal)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()

    threading.Thread(target=stop_at_the_end, daemon=True).start()
    return int(server.wait())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
