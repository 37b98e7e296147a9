"""`make bench`: runs every measurement once and prints one table of goals, what was reached and the ratio."""

import argparse
import importlib
import platform
import sys
import time

from bench.common import Result, table

_MODULES = ("messages", "sockets", "pages", "market", "staff", "ledger", "engines")


def main() -> int:
    """Zero when every goal was reached."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", default=_MODULES, help=f"of {', '.join(_MODULES)}; all of them if none"
    )
    chosen = parser.parse_args().modules
    if unknown := set(chosen) - set(_MODULES):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    results: list[Result] = []
    for name in chosen:
        begin = time.monotonic()
        reached = importlib.import_module(f"bench.{name}").main()
        results += reached
        # At once as well: minutes of measuring must not be lost when a later one is interrupted.
        print(
            f"bench.{name}: {time.monotonic() - begin:.0f} s",
            table(reached),
            sep="\n",
            file=sys.stderr,
            flush=True,
        )
    print(f"\nPython {platform.python_version()}, {platform.machine()}, sides interleaved in one run:\n")
    print(table(results))
    return 0 if all(result.reached for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
