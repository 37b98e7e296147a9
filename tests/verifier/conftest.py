"""Every test here has the stand-alone checker."""

from collections.abc import Iterator

import pytest

from tests.verifier.standalone import installed


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with installed(monkeypatch):
        yield
