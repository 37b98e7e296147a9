"""The window that counts attempts: exact at its edges, apart for each key, and small when people leave."""

import subprocess
import sys
import threading

import pytest
from limits import parse

from beyou.core import limits
from beyou.core.errors import RateLimited
from beyou.core.windows import LocalWindow


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's monotonic clock, which the test moves: the first value counts."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_a_window_lets_so_many_through_and_says_how_long_to_wait(clock: list[float]) -> None:
    window, policy = LocalWindow(), parse("3/5 minutes")
    for _ in range(3):
        assert window.hit(policy, "sign_in", "alice") is None
        clock[0] += 10
    assert window.hit(policy, "sign_in", "alice") == 270
    clock[0] += 269
    assert window.hit(policy, "sign_in", "alice") == 1
    clock[0] += 1
    assert window.hit(policy, "sign_in", "alice") is None
    assert window.hit(policy, "sign_in", "alice") == 10


def test_a_policy_that_allows_less_than_before_counts_what_was_done(clock: list[float]) -> None:
    window, before, after = LocalWindow(), parse("5/minute"), parse("2/minute")
    for _ in range(5):
        assert window.hit(before, "messages", "alice") is None
        clock[0] += 10
    assert window.hit(after, "messages", "alice") == 40
    assert window.hit(parse("6/minute"), "messages", "alice") is None


def test_a_refused_attempt_does_not_count(clock: list[float]) -> None:
    window, policy = LocalWindow(), parse("1/minute")
    assert window.hit(policy, "code", "a") is None
    for _ in range(100):
        assert window.hit(policy, "code", "a") == 60
    clock[0] += 60
    assert window.hit(policy, "code", "a") is None


def test_keys_and_policies_are_counted_apart_and_can_be_forgotten(clock: list[float]) -> None:
    window, policy = LocalWindow(), parse("1/minute")
    for name, key in (("one", "a"), ("one", "b"), ("two", "a")):
        assert window.hit(policy, name, key) is None
    assert window.hit(policy, "one", "a") is not None
    window.clear(policy, "one", "a")
    assert window.hit(policy, "one", "a") is None
    assert window.hit(policy, "one", "b") is not None
    window.reset()
    assert window.hit(policy, "one", "b") is None


def test_keys_that_were_not_seen_for_a_window_take_no_memory(clock: list[float]) -> None:
    window, minute, hour = LocalWindow(), parse("5/minute"), parse("5/hour")
    for number in range(1000):
        window.hit(minute, "sign_in", f"stranger {number}")
    window.hit(hour, "friends", "alice")
    clock[0] += 61
    window.hit(minute, "sign_in", "bob")
    assert set(window._moments) == {("friends", "alice"), ("sign_in", "bob")}


def test_many_threads_at_once_get_no_more_than_the_policy_allows() -> None:
    window, policy, passed = LocalWindow(), parse("100/hour"), []

    def run() -> None:
        for _ in range(50):
            if window.hit(policy, "messages", "alice") is None:
                passed.append(1)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 100


def test_a_refusal_says_when_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.POLICIES, "search.member", limits.lenient("1/minute"))
    limits.check("search.member", "alice")
    with pytest.raises(RateLimited) as refused:
        limits.check("search.member", "alice")
    assert 1 <= refused.value.extra["retry_after"] <= 60
    limits.forget("search.member", "alice")
    limits.check("search.member", "alice")


_SIXTEEN_AT_ONCE = """
import threading
from beyou.core.windows import SharedWindow
made = []
make = lambda: made.append(SharedWindow("redis://127.0.0.1:1"))
threads = [threading.Thread(target=make) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(made))
"""


def test_the_first_requests_of_a_process_may_come_at_once() -> None:
    """In a process of its own, where nothing has loaded the client of Redis yet."""
    run = subprocess.run([sys.executable, "-c", _SIXTEEN_AT_ONCE], capture_output=True, text=True, check=True)
    assert run.stdout == "16\n", run.stderr
