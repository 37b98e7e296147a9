"""Whether the time of an answer tells a known address from an unknown one: signing in, joining, resetting.

The area under the ROC curve is the chance that a random known sample took longer than a random unknown one;
0.5 is no difference at all. 2,000 samples of each kind alternate, so that whatever else the machine does hits
both alike.
"""

import gc
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from beyou.core import limits
from beyou.users import proof_of_work
from beyou.users.models import User
from tests.factories import members

#: TIMING_SAMPLES=300 is a quick look; with fewer samples chance alone strays further from a half.
SAMPLES = int(os.environ.get("TIMING_SAMPLES", "2000"))
LARGEST = 0.55
_KNOWN, _UNKNOWN = "alice@example.org", "nobody@example.org"

pytestmark = pytest.mark.django_db


def auc(ones: list[float], others: list[float]) -> float:
    """The Mann-Whitney statistic as a share; ties count half."""
    ranked = sorted([(value, 1) for value in ones] + [(value, 0) for value in others])
    rank_sum, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        rank_sum += sum((at + 1 + end) / 2 for _, kind in ranked[at:end] if kind)
        at = end
    return (rank_sum - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(others))


def test_the_measure_itself() -> None:
    assert auc([1, 2, 3], [1, 2, 3]) == 0.5
    assert auc([4, 5], [1, 2]) == 1.0
    assert auc([1, 2], [4, 5]) == 0.0


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """No pause of the collector falls into a sample."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _differ(ask: Callable[[Client, str], Any]) -> float:
    """How far the curve is from no difference, on either side."""
    times: dict[str, list[float]] = {_KNOWN: [], _UNKNOWN: []}
    for number in range(SAMPLES + 20):
        for email in (_KNOWN, _UNKNOWN) if number % 2 else (_UNKNOWN, _KNOWN):
            limits.reset()
            cache.clear()
            client = Client()
            with transaction.atomic():
                started = time.perf_counter()
                response = ask(client, email)
                took = time.perf_counter() - started
                transaction.set_rollback(True)
            assert response.status_code in (200, 302)
            if number >= 20:
                times[email].append(took)
    found = auc(times[_KNOWN], times[_UNKNOWN])
    print(f"AUC {found:.4f}")
    return max(found, 1 - found)


def test_resetting_takes_the_same_time() -> None:
    members.alice()

    def ask(client: Client, email: str) -> Any:
        return client.post("/recover", {"email": email, "proof": _paid()})

    assert _differ(ask) < LARGEST
    assert User.objects.count() == 1


def test_signing_in_takes_the_same_time() -> None:
    members.alice()

    def ask(client: Client, email: str) -> Any:
        return client.post("/sign-in", {"login": email, "password": "a wrong password"})

    assert _differ(ask) < LARGEST


def test_joining_takes_the_same_time(settings: Any) -> None:
    settings.JOIN_BEAT_SECONDS = 0.05
    members.alice()

    def ask(client: Client, email: str) -> Any:
        fields = {"handle": "somebody", "email": email, "password1": "nine otters under a bridge"}
        return client.post("/join", fields | {"proof": _paid()})

    assert _differ(ask) < LARGEST


def _paid() -> str:
    return proof_of_work.solve(proof_of_work.new_challenge())
