"""`beyou backup`: a copy of the embedded database, or a note of one that another program made."""

import hashlib
import sqlite3
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import connection

from beyou.core import clock
from beyou.health import services


class Command(BaseCommand):
    help = (
        "Copies the SQLite database into a folder, whole and while BeYou runs, and keeps a record of it. For"
        " MariaDB and PostgreSQL name the file that their own program wrote with --made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, help="where the copy of SQLite goes")
        parser.add_argument("--made", type=Path, metavar="FILE", help="a backup that is already there")

    def handle(self, *args: Any, folder: Path | None, made: Path | None, **options: Any) -> None:
        if (folder is None) == (made is None):
            raise CommandError("Name a folder, or with --made a backup that is already there.")
        file = made or _copy(folder or Path())
        if not file.is_file() or not file.stat().st_size:
            raise CommandError(f"{file} is no file, or an empty one. Nothing was recorded.")
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        services.record_backup(file=file.name[:255], size=file.stat().st_size, sha256=digest)
        self.stdout.write(f"{file}\nSHA-256 {digest}")


def _copy(folder: Path) -> Path:
    """A consistent copy that SQLite itself finds whole. Raises `CommandError`."""
    if connection.vendor != "sqlite":
        raise CommandError("Use mariadb-dump or pg_dump, then: beyou backup --made FILE")
    if not folder.is_dir():
        raise CommandError(f"{folder} is no folder.")
    file = folder / f"beyou-{clock.now():%Y%m%dT%H%M%S%f}.sqlite3"
    # It holds everything that the database holds, so nobody else may read it.
    file.touch(mode=0o600, exist_ok=False)
    try:
        connection.ensure_connection()
        with closing(sqlite3.connect(file)) as target:
            connection.connection.backup(target)
            (verdict,) = target.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        file.unlink()
        raise CommandError(f"The copy failed: {error}") from None
    if verdict != "ok":
        file.unlink()
        raise CommandError(f"The copy is damaged: {verdict}")
    return file
