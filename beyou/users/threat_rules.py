"""What about attempts to sign in is worth an alert: pure decisions over a few recent rows."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from beyou.users.rules import ThreatRule

RECENT: Final = dt.timedelta(minutes=15)
#: Failures for one account within `RECENT`. The member's own typing errors stay below it.
FAILURES: Final = 6
#: Accounts that one address failed at within `RECENT`.
ACCOUNTS: Final = 10
#: Wrong second steps after the right password within `RECENT`.
WRONG_STEPS: Final = 3
#: Nobody is in two countries within this time, or one of them is a relay; both are worth a look.
TRAVEL: Final = dt.timedelta(hours=1)
#: How long the second step may take before the attempt counts as given up.
ABANDONED: Final = dt.timedelta(minutes=3)

#: How long a rule keeps quiet about the same subject. None: it fires once per attempt.
WINDOWS: Final[dict[ThreatRule, dt.timedelta | None]] = {
    ThreatRule.MANY_FAILURES: dt.timedelta(hours=1),
    ThreatRule.MANY_ACCOUNTS: dt.timedelta(hours=1),
    ThreatRule.NEW_DEVICE: None,
    ThreatRule.NEW_COUNTRY: dt.timedelta(days=1),
    ThreatRule.IMPOSSIBLE_TRAVEL: dt.timedelta(hours=1),
    ThreatRule.NO_FACTOR: dt.timedelta(days=1),
    ThreatRule.DECOY: dt.timedelta(hours=1),
}
#: What the staff need not hear of, since it happens to everybody who buys a phone.
FOR_MEMBER_ALONE: Final = frozenset({ThreatRule.NEW_DEVICE})

_FAILED: Final = frozenset({"bad_credentials", "bad_code", "limited", "passkey_failed"})
_AT_ACCOUNTS: Final = _FAILED | {"unknown"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the rules need to know of one row."""

    at: dt.datetime
    outcome: str
    member_id: UUID | None
    country: str = ""
    is_known_device: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What was known of the member before: other attempts of late, the newest first, and older successes."""

    attempts: Sequence[Attempt]
    has_signed_in: bool
    countries: frozenset[str]


def findings(attempt: Attempt, past: Past, from_address: Iterable[Attempt]) -> list[ThreatRule]:
    """The rules that this attempt makes true. `from_address` are late attempts from its address, with it."""
    if attempt.outcome == "decoy":
        return [ThreatRule.DECOY]
    found = []
    if attempt.member_id is not None:
        found += _about_success(attempt, past) if attempt.outcome == "success" else _failing(attempt, past)
    if attempt.outcome in _AT_ACCOUNTS and _accounts(attempt, from_address) >= ACCOUNTS:
        found.append(ThreatRule.MANY_ACCOUNTS)
    return found


def _about_success(attempt: Attempt, past: Past) -> list[ThreatRule]:
    if not past.has_signed_in:
        return []
    found = [] if attempt.is_known_device else [ThreatRule.NEW_DEVICE]
    if attempt.country and past.countries and attempt.country not in past.countries:
        found.append(ThreatRule.NEW_COUNTRY)
    elsewhere = (
        other.outcome == "success"
        and other.country not in ("", attempt.country)
        and abs(attempt.at - other.at) <= TRAVEL
        for other in past.attempts
    )
    if attempt.country and any(elsewhere):
        found.append(ThreatRule.IMPOSSIBLE_TRAVEL)
    return found


def _failing(attempt: Attempt, past: Past) -> list[ThreatRule]:
    recent = [other for other in (attempt, *past.attempts) if attempt.at - other.at <= RECENT]
    found = []
    if attempt.outcome in _FAILED and sum(other.outcome in _FAILED for other in recent) >= FAILURES:
        found.append(ThreatRule.MANY_FAILURES)
    if attempt.outcome == "bad_code" and sum(one.outcome == "bad_code" for one in recent) >= WRONG_STEPS:
        found.append(ThreatRule.NO_FACTOR)
    return found


def _accounts(attempt: Attempt, from_address: Iterable[Attempt]) -> int:
    """An attempt at an unknown account counts as one of its own: whose it was meant to be is not kept."""
    failed = [
        other for other in from_address if other.outcome in _AT_ACCOUNTS and attempt.at - other.at <= RECENT
    ]
    known = {other.member_id for other in failed if other.member_id is not None}
    return len(known) + sum(other.member_id is None for other in failed)


def window_start(rule: ThreatRule, at: dt.datetime) -> dt.datetime:
    """The beginning of the window in which the rule fires once; the attempt itself for rules without one."""
    window = WINDOWS[rule]
    if window is None:
        return at
    epoch = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return epoch + (at - epoch) // window * window
