"""The stand-alone checker is imported from its own folder, as if it were installed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

VERIFIER = Path(__file__).parents[2] / "verifier"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(VERIFIER))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "beyou_ledger"]:
        del sys.modules[name]
