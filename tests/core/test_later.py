"""What is written later: merged by key, by a thread that ends with everything written."""

import threading
import time
from typing import Any

import pytest
from django.db import DatabaseError

from beyou.core import later
from beyou.core.later import Later


def test_values_of_one_key_become_one_and_are_written_once() -> None:
    written: list[dict[str, int]] = []
    sums: Later[str, int] = Later("sums", written.append, lambda one, other: one + other)
    lasts: Later[str, int] = Later("lasts", written.append)
    for each in (sums, lasts):
        each.note("a", 1)
        each.note("a", 2)
        each.note("b", 5)
        assert each.flush() == 2
        assert each.flush() == 0
    assert written == [{"a": 3, "b": 5}, {"a": 2, "b": 5}]


def test_nothing_noted_by_many_threads_is_lost(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MODE = "development"
    monkeypatch.setattr(later, "FLUSH_SECONDS", 0.005)
    monkeypatch.setattr(later, "close_old_connections", lambda: None)
    written: list[int] = []
    sums: Later[str, int] = Later(
        "sums", lambda waiting: written.extend(waiting.values()), lambda a, b: a + b
    )

    def note() -> None:
        for _ in range(500):
            sums.note("a", 1)
            time.sleep(0)

    threads = [threading.Thread(target=note) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    sums.stop()
    assert sum(written) == 4000


def test_a_database_that_is_away_ends_nothing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MODE = "development"
    monkeypatch.setattr(later, "FLUSH_SECONDS", 0.005)
    monkeypatch.setattr(later, "close_old_connections", lambda: None)
    calls: list[int] = []
    went = threading.Event()

    def write(waiting: dict[str, int]) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise DatabaseError("away")
        went.set()

    kept: Later[str, int] = Later("kept", write)
    kept.note("a", 1)
    while not calls:
        time.sleep(0.001)
    kept.note("b", 1)
    assert went.wait(5)
    kept.stop()
