"""One suite for three engines: BEYOU_DATABASE_URL chooses, SQLite in a temporary folder by default."""

import os
import tempfile

os.environ["BEYOU_MODE"] = "test"
os.environ.setdefault("BEYOU_DATA_DIR", tempfile.mkdtemp(prefix="beyou-test-"))

import pytest  # noqa: E402

from beyou.core import clock, limits  # noqa: E402


@pytest.fixture(autouse=True)
def _fresh_world() -> object:
    """No test inherits a moved clock or a used-up limit."""
    limits.reset()
    yield
    clock.shift(0)
