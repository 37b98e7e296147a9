"""`make engines`: the tests that use a database, on MariaDB and then on PostgreSQL, both beside Redis."""

import os
import subprocess
import sys

from tests.engines import servers

_ENGINES = {"MariaDB": servers.mariadb, "PostgreSQL": servers.postgresql}


def _tests(arguments: list[str], database: str, redis: str) -> int:
    environment = os.environ | {"BEYOU_DATABASE_URL": database, "BEYOU_REDIS_URL": redis}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], env=environment, check=False
    ).returncode


def main(arguments: list[str]) -> int:
    """Zero when the tests passed on every engine; an engine that is missing counts as a failure."""
    failed: list[str] = []
    for name, engine in _ENGINES.items():
        print(f"\n=== {name} and Redis ===", flush=True)
        try:
            with engine() as database, servers.redis() as redis:
                if _tests(arguments, database, redis):
                    failed.append(f"tests on {name}")
        except (servers.ServerMissing, servers.ServerFailed) as error:
            failed.append(f"{name}: {error}")
    for line in failed:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
