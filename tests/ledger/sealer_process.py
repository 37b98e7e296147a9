"""A sealer in a process of its own, which may be told to die at a step.

Arguments: the test database's name, the high-water file, and at which call of which step to die by
SIGKILL (`before:highwater.write`, `after:storage.commit_block` …), or `never`.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    database, high_water, death = sys.argv[1:]
    import django
    from django.conf import settings

    django.setup()
    settings.DATABASES["default"]["NAME"] = database
    from beyou.ledger import highwater, storage
    from beyou.ledger.note import Signer
    from beyou.ledger.sealer import Sealer
    from tests.ledger.log import ORIGIN as NAME
    from tests.ledger.log import SEED

    steps: dict[str, tuple[Any, str]] = {
        "commit_block": (storage, "commit_block"),
        "insert_block": (storage, "_insert_block"),
        "insert_tiles": (storage.rows, "upsert"),
        "delete_waiting": (storage.rows, "delete_ids"),
        "high_water": (highwater, "write"),
        "flush_file": (os, "fdatasync"),
        "checkpoint": (storage.rows, "insert_once"),
    }
    if death != "never":
        moment, step = death.split(":")
        place, name = steps[step]
        setattr(place, name, dying(moment, getattr(place, name)))
    sealer = Sealer(Signer(NAME, SEED), Path(high_water), require_durable=False)
    sealer.step()
    print("at work", flush=True)
    while True:
        sealer.step()
        time.sleep(0.001)


def dying(moment: str, step: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = step(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


if __name__ == "__main__":
    main()
