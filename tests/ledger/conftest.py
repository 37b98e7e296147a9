from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.log import Log, source_of


@pytest.fixture
def log(db: None, tmp_path: Path) -> Iterator[Log]:
    """An empty log whose stored messages the ledger sees."""
    log = Log(tmp_path)
    with source_of(log.messages):
        yield log
