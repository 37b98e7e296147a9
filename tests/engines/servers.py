"""Starts MariaDB, PostgreSQL and Redis for one run and stops them whatever happens.

Each server lives in a temporary folder, belongs to an unprivileged user when the run is root's, and ends when
the process that started it ends, however that ends.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

DATABASE = "beyou"
_START_SECONDS = 60
_SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))


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


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder for one server, readable by that server and root alone."""
    with tempfile.TemporaryDirectory(prefix="beyou-engine-", ignore_cleanup_errors=True) as name:
        if owner := _owner():
            shutil.chown(name, owner)
        yield Path(name)


def _environment(folder: Path) -> dict[str, str]:
    """Ours, with a place for temporary files that the server's user may write to."""
    return os.environ | {"TMPDIR": str(folder)}


def _run(arguments: list[str], folder: Path) -> None:
    """One step of preparing a server. Raises `ServerFailed` with what it printed."""
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=_environment(folder),
        user=_owner(),
        group=_owner(),
        extra_groups=[] if _owner() else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerFailed(f"{arguments[0]} failed:\n{done.stdout[-2000:]}")


@contextlib.contextmanager
def _serving(
    arguments: list[str], folder: Path, is_ready: Callable[[], bool], *, stop: signal.Signals = signal.SIGTERM
) -> Iterator[None]:
    """Keeps the server up for the length of the block; `is_ready` says when it answers."""
    log = folder / "server.log"
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            [sys.executable, _SUPERVISOR, str(int(stop)), _owner() or "", *arguments],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with supervisor:
        deadline = time.monotonic() + _START_SECONDS
        while not is_ready():
            if supervisor.poll() is not None or time.monotonic() > deadline:
                raise ServerFailed(
                    f"{arguments[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.05)
        yield


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
    """The BEYOU_DATABASE_URL of an empty database in a MariaDB that nobody else can reach.

    A durable one flushes at every commit; without that it is faster.
    """
    server, install = _program("mariadbd"), _program("mariadb-install-db")
    with _folder() as folder:
        data, address = folder / "data", str(folder / "s")
        create = folder / "create.sql"
        create.write_text(f"CREATE DATABASE IF NOT EXISTS {DATABASE};\n")
        _run(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ],
            folder,
        )
        arguments = [
            server,
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={address}",
            f"--tmpdir={folder}",
            f"--init-file={create}",
            "--skip-networking",
            "--skip-log-bin",
            "--innodb-buffer-pool-size=128M",
            "--innodb-log-file-size=32M",
            f"--innodb-flush-log-at-trx-commit={1 if durable else 0}",
            "--max-connections=200",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_bin",
        ]
        if not durable:
            arguments.append("--innodb-flush-method=nosync")
        with _serving(arguments, folder, lambda: _accepts(address)):
            yield f"mysql://root@localhost/{DATABASE}?socket={address}"


@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Iterator[str]:
    """The BEYOU_DATABASE_URL of an empty database in a PostgreSQL that nobody else can reach.

    A durable one flushes at every commit; without that it is faster.
    """
    server, initdb = _program("postgres"), _program("initdb")
    with _folder() as folder:
        data = folder / "data"
        _run(
            [
                initdb,
                f"--pgdata={data}",
                f"--username={DATABASE}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            folder,
        )
        flushes = "on" if durable else "off"
        options = {
            "unix_socket_directories": str(folder),
            "listen_addresses": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "fsync": flushes,
            "synchronous_commit": flushes,
            "full_page_writes": flushes,
        }
        arguments = [server, "-D", str(data)]
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's "fast" stop; SIGTERM would wait for clients.
        ready = "database system is ready to accept"
        with _serving(arguments, folder, lambda: ready in _log(folder), stop=signal.SIGINT):
            _run([_program("createdb"), f"--host={folder}", f"--username={DATABASE}", DATABASE], folder)
            yield f"postgres://{DATABASE}@localhost/{DATABASE}?socket={folder}"


@contextlib.contextmanager
def redis(port: int = 0) -> Iterator[str]:
    """The BEYOU_REDIS_URL, without a database number, of a Redis of our own on 127.0.0.1, on any free port
    unless one is given.
    """
    server, port = _program("redis-server"), port or free_port()
    with _folder() as folder:
        arguments = [
            server,
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--dir",
            str(folder),
            "--save",
            "",
            "--appendonly",
            "no",
            "--protected-mode",
            "yes",
        ]
        with _serving(arguments, folder, lambda: "Ready to accept" in _log(folder)):
            yield f"redis://127.0.0.1:{port}"


def _log(folder: Path) -> str:
    return (folder / "server.log").read_text(errors="replace")
