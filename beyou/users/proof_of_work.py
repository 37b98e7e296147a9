"""A small toll for robots at sign-up: the browser computes for a second, the server checks in a millisecond.

ALTCHA proof of work, version 2, with PBKDF2/SHA-256: no third party, no picture puzzle. The library is
loaded when somebody signs up, not when the server starts (tests/architecture/test_memory.py).
"""

import binascii
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.cache import cache

from beyou.core import keyring
from beyou.users.errors import NotPaid

ALGORITHM = "PBKDF2/SHA-256"
VALID_SECONDS = 1800
_PURPOSE = b"users/proof-of-work"


def _secret() -> bytes:
    return keyring.mac(_PURPOSE, b"challenge")


def new_challenge() -> dict[str, Any]:
    """A signed question that is good for half an hour and one sign-up."""
    import altcha

    challenge = altcha.create_challenge(
        algorithm=ALGORITHM,
        cost=settings.SIGN_UP_POW_COST,
        hmac_secret=_secret(),
        expires_at=int(time.time()) + VALID_SECONDS,
    )
    answer: dict[str, Any] = challenge.to_dict()
    return answer


def is_paid(payload: str) -> bool:
    """Whether the payload answers a question of ours that nobody has used before. It is used afterwards."""
    import altcha

    try:
        parsed = altcha.Payload.from_base64(payload)
        result = altcha.verify_solution(parsed, _secret(), altcha.derive_key_pbkdf2)
    # The library parses what a stranger sent: a wrong type anywhere surfaces as one of these.
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return False
    if not result.verified:
        return False
    return bool(cache.add(f"proof-of-work:{parsed.challenge.signature}", 1, VALID_SECONDS))


def take(payload: str) -> None:
    """The toll is paid, and the payload used up. Raises `NotPaid`."""
    if not is_paid(payload):
        raise NotPaid


def solve(challenge: Mapping[str, Any]) -> str:
    """The payload that a browser would send; for clients without one."""
    import altcha

    asked = altcha.Challenge.from_dict(dict(challenge))
    solution = altcha.solve_challenge(asked, altcha.derive_key_pbkdf2)
    if solution is None:
        raise RuntimeError("the challenge has no solution in reach")
    return str(altcha.Payload(asked, solution).to_base64())
