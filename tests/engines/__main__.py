"""`make engines`: the tests that use a database, on MariaDB and then on PostgreSQL, both beside Redis.

With `--half` each engine has all races and a half of the other tests, and the other half at the next commit:
what fails on one engine alone is found a commit later at most, in half the time.
"""

import os
import subprocess
import sys

from tests.engines import servers

_ENGINES = {"MariaDB": servers.mariadb, "PostgreSQL": servers.postgresql}


def _turn() -> int:
    """How many commits there are; 0 where nobody knows."""
    asked = subprocess.run(["git", "rev-list", "--count", "HEAD"], capture_output=True, check=False)
    return int(asked.stdout or 0)


def _tests(arguments: list[str], database: str, redis: str, half: str) -> int:
    environment = os.environ | {"BEYOU_DATABASE_URL": database, "BEYOU_REDIS_URL": redis}
    environment["ENGINE_HALF"] = half
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], env=environment, check=False
    ).returncode


def main(arguments: list[str]) -> int:
    """Zero when the tests passed on every engine; an engine that is missing counts as a failure."""
    failed: list[str] = []
    turn, is_half = _turn(), "--half" in arguments
    arguments = [each for each in arguments if each != "--half"]
    for number, (name, engine) in enumerate(_ENGINES.items()):
        half = str((turn + number) % 2) if is_half else ""
        print(f"\n=== {name} and Redis{f', half {half}' if half else ''} ===", flush=True)
        try:
            with engine() as database, servers.redis() as redis:
                if _tests(arguments, database, redis, half):
                    failed.append(f"tests on {name}")
        except (servers.ServerMissing, servers.ServerFailed) as error:
            failed.append(f"{name}: {error}")
    for line in failed:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
