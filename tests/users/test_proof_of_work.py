import base64
import json
import time
from typing import Any

import pytest
from django.core.cache import cache

from beyou.users import proof_of_work

pytestmark = pytest.mark.django_db


def _payload(change: Any) -> str:
    data = json.loads(base64.b64decode(proof_of_work.solve(proof_of_work.new_challenge())))
    change(data)
    return base64.b64encode(json.dumps(data).encode()).decode()


def test_a_solution_pays_once() -> None:
    payload = proof_of_work.solve(proof_of_work.new_challenge())
    assert proof_of_work.is_paid(payload)
    assert not proof_of_work.is_paid(payload)


def test_a_spent_solution_is_not_pushed_out_by_others() -> None:
    payload = proof_of_work.solve(proof_of_work.new_challenge())
    assert proof_of_work.is_paid(payload)
    for number in range(5_000):
        cache.add(f"proof-of-work:{number}", 1, proof_of_work.VALID_SECONDS)
    assert not proof_of_work.is_paid(payload)


def test_the_same_answer_spelled_otherwise_does_not_pay_again() -> None:
    payload = proof_of_work.solve(proof_of_work.new_challenge())
    assert proof_of_work.is_paid(payload)
    data = json.loads(base64.b64decode(payload))
    data["solution"]["time"] = 1
    assert not proof_of_work.is_paid(base64.b64encode(json.dumps(data, indent=1).encode()).decode())
    data["challenge"]["signature"] = data["challenge"]["signature"].upper()
    assert not proof_of_work.is_paid(base64.b64encode(json.dumps(data).encode()).decode())


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["challenge"]["parameters"].update(cost=0),
        lambda data: data["challenge"]["parameters"].update(keyPrefix=""),
        lambda data: data["challenge"]["parameters"].update(expiresAt=int(time.time()) + 10**6),
        lambda data: data["challenge"].update(signature="00" * 32),
        lambda data: data["challenge"].pop("signature"),
        lambda data: data["solution"].update(counter=data["solution"]["counter"] + 1, derivedKey="ff" * 32),
        lambda data: data["solution"].update(derivedKey="00" * 32),
        lambda data: data.pop("solution"),
        lambda data: data.update(challenge=None),
        lambda data: data.update(solution=[1]),
    ],
)
def test_a_changed_payload_does_not_pay(change: Any) -> None:
    assert not proof_of_work.is_paid(_payload(change))


@pytest.mark.parametrize("payload", ["", "x", "e30=", "bnVsbA==", "[" * 3000, "\u00e9"])
def test_rubbish_does_not_pay(payload: str) -> None:
    assert not proof_of_work.is_paid(payload)


def test_an_old_challenge_does_not_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_of_work, "VALID_SECONDS", -1)
    assert not proof_of_work.is_paid(proof_of_work.solve(proof_of_work.new_challenge()))
