"""Turns BEYOU_DATABASE_URL into Django's DATABASES for the three engines."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_SQLITE_OPTIONS: dict[str, Any] = {
    # IMMEDIATE takes the write lock at BEGIN: a transaction that reads first would otherwise fail with
    # "database is locked" when it upgrades, and no timeout helps there.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: an acknowledged message survives power loss. Group commit makes it nearly free.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        # What is erased is overwritten and not only unlinked.
        "PRAGMA secure_delete=ON;"
        "PRAGMA mmap_size=33554432; PRAGMA cache_size=-4000; PRAGMA temp_store=MEMORY;"
    ),
}


def database_from_url(url: str) -> dict[str, Any]:
    """Django's settings of one database. Raises `ImproperlyConfigured` for an unknown scheme."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        # As in SQLAlchemy: three slashes before a relative path, four before an absolute one.
        return sqlite(Path(unquote(parts.path.removeprefix("/"))))
    common: dict[str, Any] = {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
    query = dict(parse_qsl(parts.query))
    if parts.scheme in ("mysql", "mariadb"):
        import pymysql

        pymysql.install_as_MySQLdb()
        options: dict[str, Any] = {
            "charset": "utf8mb4",
            # REPEATABLE READ takes gap locks that make unrelated senders wait for each other.
            "isolation_level": "read committed",
            "init_command": "SET sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
        }
        if "socket" in query:
            options["unix_socket"] = query["socket"]
        return common | {
            "ENGINE": "django.db.backends.mysql",
            "OPTIONS": options,
            "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_bin"},
        }
    if parts.scheme in ("postgres", "postgresql"):
        if "socket" in query:
            common["HOST"] = query["socket"]
        return common | {"ENGINE": "django.db.backends.postgresql"}
    raise ImproperlyConfigured(
        f"BEYOU_DATABASE_URL has the scheme {parts.scheme!r}; use sqlite, mysql or postgres."
    )


def sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "beyou.core.sqlite",
        "NAME": path,
        "OPTIONS": dict(_SQLITE_OPTIONS),
        "CONN_MAX_AGE": None,
        # A file, not memory: threads of one test must be able to race on it.
        "TEST": {"NAME": path.with_name("test-" + path.name)},
    }
