"""One policy table for everything that may be done only so often."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.errors import StorageError

from beyou.core.errors import RateLimited, StoreAway
from beyou.core.ports import options
from beyou.core.windows import LocalWindow, SharedWindow, Window

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a key may do, and what happens while attempts cannot be counted. With the name of an option, the
    owners of the place decide how often, and `rate` says only in which time.
    """

    rate: str
    fails_closed: bool
    option: str = ""

    @property
    def item(self) -> RateLimitItem:
        return _parsed(f"{options.number(self.option)}/{self.rate}" if self.option else self.rate)


@lru_cache(maxsize=1000)
def _parsed(rate: str) -> RateLimitItem:
    return parse(rate)


def guarded(rate: str) -> Policy:
    """For whatever proves who somebody is: without counting, nobody may guess."""
    return Policy(rate, fails_closed=True)


def lenient(rate: str) -> Policy:
    """For what members do: while the store is away they go on."""
    return Policy(rate, fails_closed=False)


def decided(option: str, time: str) -> Policy:
    """For what members do as often as owners let them."""
    return Policy(time, fails_closed=False, option=option)


#: policy name → what a key may do. A key is an account, an address (`network`), a device or a member id.
POLICIES: dict[str, Policy] = {
    "sign_up.address": guarded("20/minute"),
    # Guesses at a secret of an account, whichever door they come to (`users.guesses`): from one browser that
    # nobody knows, from all of those together, and from one that has signed in to the account before.
    "sign_in.account": guarded("5/5 minutes"),
    "sign_in.everywhere": guarded("10/15 minutes"),
    "sign_in.wrong": guarded("10/15 minutes"),
    "sign_in.device": guarded("10/15 minutes"),
    "sign_in.address": guarded("60/5 minutes"),
    "second_step.attempt": guarded("4/hour"),
    # Questions to passkeys, each of which a visitor makes the server remember; and answers to one question.
    "passkey.address": guarded("120/5 minutes"),
    "passkey.answer": guarded("1/hour"),
    "confirm.member": guarded("5/5 minutes"),
    "code.account": guarded("5/10 minutes"),
    "recover.address": guarded("20/10 minutes"),
    "recover.account": guarded("5/10 minutes"),
    "recover.factor": guarded("15/day"),
    "password.member": guarded("10/10 minutes"),
    "new_password.member": guarded("10/15 minutes"),
    "token.requests": lenient("600/minute"),
    "token.address": guarded("60/5 minutes"),
    "tokens.member": lenient("20/hour"),
    "identity.knock": lenient("1/day"),
    "decoy.address": lenient("10/hour"),
    "alerts.staff": lenient("20/hour"),
    "search.member": lenient("60/minute"),
    "friends.member": decided("requests_per_hour", "hour"),
    "keys.member": lenient("20/hour"),
    "conversations.member": lenient("120/hour"),
    # What members may begin and offer while the place does not know them well (`automod.rules.LIMITED`).
    "begun.new": decided("chats_new", "day"),
    "begun.basic": decided("chats_basic", "day"),
    "begun.known": decided("chats_known", "day"),
    "offered.new": decided("items_new", "day"),
    "offered.basic": decided("items_basic", "day"),
    "offered.known": decided("items_known", "day"),
    "verification.member": lenient("10/hour"),
    "profile.member": lenient("60/hour"),
    "email_change.member": guarded("5/hour"),
    "uploads.owner": lenient("40/hour"),
    # Two files for each picture, so eighty pictures an hour.
    "uploads.items": lenient("160/hour"),
    # Drafts save themselves while their seller types.
    "items.member": lenient("120/minute"),
    # Each offer asks somebody to answer.
    "offers.member": lenient("25/day"),
    "vouchers.seller": lenient("60/day"),
    # Guesses at codes; nobody needs many.
    "voucher.member": guarded("20/hour"),
    "searches.member": lenient("60/hour"),
    "messages.member": decided("messages_per_minute", "minute"),
    "payouts.member": lenient("20/hour"),
    "claims.member": lenient("60/hour"),
    "exports.member": lenient("3/day"),
    "leave.member": lenient("10/hour"),
    "appeal.member": lenient("10/hour"),
    "joining.member": lenient("20/hour"),
    "reports.member": lenient("20/hour"),
}


@lru_cache(maxsize=1)
def _limiter() -> Window:
    return SharedWindow(settings.REDIS_URL) if settings.REDIS_URL else LocalWindow()


def check(policy: str, key: str) -> None:
    """Counts one attempt. Raises `RateLimited` with the seconds to wait when the policy is used up, and
    `StoreAway` when attempts cannot be counted and the policy fails closed.
    """
    rule = POLICIES[policy]
    try:
        wait = _limiter().hit(rule.item, policy, key)
    except StorageError as error:
        log.warning("limits.store_away", policy=policy, reason=type(error.storage_error).__name__)
        if rule.fails_closed:
            raise StoreAway from None
        return
    if wait is not None:
        raise RateLimited(max(1, round(wait)))


def most(policy: str) -> int:
    """How often a key may do it in the time of the policy."""
    return POLICIES[policy].item.amount


def forget(policy: str, key: str) -> None:
    """Clears what was counted, after a success that proves the member."""
    try:
        _limiter().clear(POLICIES[policy].item, policy, key)
    except StorageError:
        # What stays counted locks nobody out for longer than its window.
        log.warning("limits.store_away", policy=policy)


def is_unused(policy: str, key: str) -> bool:
    """Whether nothing was counted in the window; False when the store does not say."""
    try:
        return _limiter().count(POLICIES[policy].item, policy, key) == 0
    except StorageError:
        return False


def network(address: str) -> str:
    """What counts as one address: of IPv6 the /64 that providers give to one customer."""
    parsed: Any = ipaddress.ip_address(address)
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def reset() -> None:
    """Forgets everything that was counted. For tests."""
    try:
        _limiter().reset()
    except StorageError:
        log.warning("limits.store_away", policy="all")
    _limiter.cache_clear()
