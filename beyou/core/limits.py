"""One policy table for everything that may be done only so often."""

import time
from functools import lru_cache

from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from beyou.core.errors import RateLimited

#: policy name → what a key may do. A key is an account, an address or a member id.
POLICIES: dict[str, RateLimitItem] = {
    "sign_up.address": parse("20/minute"),
    "sign_in.account": parse("5/5 minutes"),
    "sign_in.address": parse("60/5 minutes"),
    "code.account": parse("5/10 minutes"),
    "token.requests": parse("600/minute"),
    "token.address": parse("60/5 minutes"),
    "tokens.member": parse("20/hour"),
    "search.member": parse("60/minute"),
    "friends.member": parse("60/hour"),
    "keys.member": parse("20/hour"),
    "conversations.member": parse("120/hour"),
    "profile.member": parse("60/hour"),
    "email_change.member": parse("5/hour"),
    "uploads.owner": parse("40/hour"),
    "messages.member": parse(f"{settings.MESSAGES_PER_MINUTE}/minute"),
}


@lru_cache(maxsize=1)
def _limiter() -> MovingWindowRateLimiter:
    storage: Storage = storage_from_string(settings.REDIS_URL or "memory://")  # type: ignore[assignment]  # sync URL gives a sync store
    return MovingWindowRateLimiter(storage)


def check(policy: str, key: str) -> None:
    """Counts one attempt. Raises `RateLimited` with the seconds to wait when the policy is used up."""
    item = POLICIES[policy]
    if not _limiter().hit(item, policy, key):
        reset = _limiter().get_window_stats(item, policy, key).reset_time
        raise RateLimited(max(1, round(reset - time.time())))


def forget(policy: str, key: str) -> None:
    """Clears what was counted, after a success that proves the member."""
    _limiter().clear(POLICIES[policy], policy, key)


def reset() -> None:
    """Forgets everything that was counted. For tests."""
    _limiter().storage.reset()
    _limiter.cache_clear()
