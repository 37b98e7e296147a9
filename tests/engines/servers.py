"""Starts MariaDB, PostgreSQL and Redis for one run and stops them whatever happens.

Each server lives in a temporary folder, belongs to an unprivileged user when the run is root's, and is
killed by the kernel when the process that started it dies.
"""

import contextlib
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_START_SECONDS = 60
_STOP_SECONDS = 20
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class ServerMissing(RuntimeError):
    """The program of a server is not installed; the message names it."""


class ServerFailed(RuntimeError):
    """A server did not start; the message holds the end of its log."""


def _program(name: str) -> str:
    """The path of a server program; Debian keeps those of PostgreSQL, a folder per version, off the PATH."""
    versioned = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or next(
        map(str, versioned), None
    )
    if found is None:
        raise ServerMissing(f"{name} is not installed")
    return found


def _owner() -> str | None:
    """PostgreSQL refuses to run as root: the unprivileged user that servers run as, if we are root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "mysql", "redis", "nobody") if name in known)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder for one server, readable by that server and root alone."""
    with tempfile.TemporaryDirectory(prefix="beyou-engine-", ignore_cleanup_errors=True) as name:
        if owner := _owner():
            shutil.chown(name, owner)
        yield Path(name)


def _run(arguments: list[str], folder: Path) -> None:
    """One step of preparing a server. Raises `ServerFailed` with what it printed."""
    done = subprocess.run(
        arguments, cwd=folder, user=_owner(), extra_groups=[] if _owner() else None,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ServerFailed(f"{arguments[0]} failed:\n{done.stdout[-2000:]}")


@contextlib.contextmanager
def _serving(
    arguments: list[str], folder: Path, is_ready: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """Keeps the server up for the length of the block; `is_ready` says when it answers."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, cwd=folder, user=_owner(), extra_groups=[] if _owner() else None,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=_die_with_parent,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerFailed(
                    f"{arguments[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.05)
        yield process
    finally:
        # Quick and clean for all three: PostgreSQL takes SIGINT as "fast", SIGTERM as "wait for clients".
        process.send_signal(signal.SIGINT if "postgres" in arguments[0] else signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _accepts(address: str | tuple[str, int]) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(address) == 0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def mariadb(*, durable: bool = False) -> Iterator[str]:
    """The BEYOU_DATABASE_URL of a MariaDB that nobody else can reach. Durable: flushes at every commit."""
    server, install = _program("mariadbd"), _program("mariadb-install-db")
    with _folder() as folder:
        data, address = folder / "data", str(folder / "s")
        _run(
            [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
             "--skip-test-db", "--skip-name-resolve"],
            folder,
        )  # fmt: skip
        arguments = [
            server, "--no-defaults", f"--datadir={data}", f"--socket={address}", f"--tmpdir={folder}",
            "--skip-networking", "--skip-log-bin", "--innodb-buffer-pool-size=128M",
            "--innodb-log-file-size=32M",
            f"--innodb-flush-log-at-trx-commit={1 if durable else 0}", "--max-connections=200",
            "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin",
        ]  # fmt: skip
        if not durable:
            arguments.append("--innodb-flush-method=nosync")
        with _serving(arguments, folder, lambda: _accepts(address)):
            yield f"mysql://root@localhost/beyou?socket={address}"


@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Iterator[str]:
    """The BEYOU_DATABASE_URL of a PostgreSQL that nobody else can reach. Durable: flushes at every commit."""
    server, initdb = _program("postgres"), _program("initdb")
    with _folder() as folder:
        data = folder / "data"
        _run(
            [initdb, f"--pgdata={data}", "--username=beyou", "--auth=trust", "--encoding=UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            folder,
        )  # fmt: skip
        flushes = "on" if durable else "off"
        options = {
            "unix_socket_directories": str(folder), "listen_addresses": "", "max_connections": "200",
            "shared_buffers": "128MB", "fsync": flushes, "synchronous_commit": flushes,
            "full_page_writes": flushes,
        }  # fmt: skip
        arguments = [server, "-D", str(data)]
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        with _serving(arguments, folder, lambda: "ready to accept" in _log(folder)):
            yield f"postgres://beyou@localhost/beyou?socket={folder}"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The BEYOU_REDIS_URL, without a database number, of a Redis of our own on 127.0.0.1."""
    server, port = _program("redis-server"), free_port()
    with _folder() as folder:
        arguments = [
            server, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "",
            "--appendonly", "no", "--protected-mode", "yes",
        ]  # fmt: skip
        with _serving(arguments, folder, lambda: re.search(r"Ready to accept", _log(folder)) is not None):
            yield f"redis://127.0.0.1:{port}"


def _log(folder: Path) -> str:
    return (folder / "server.log").read_text(errors="replace")
