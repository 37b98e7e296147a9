"""The stand-alone checker, imported from its own folder as if it were installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

VERIFIER = Path(__file__).parents[2] / "verifier"


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`beyou_ledger` can be imported, and leaves nothing of it in the process."""
    monkeypatch.syspath_prepend(str(VERIFIER))
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "beyou_ledger"]:
            del sys.modules[name]
