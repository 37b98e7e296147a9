"""Blocking ranges of addresses: who may not come in, what a block would hit, making and lifting one."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.users.address_rules import AddressRange, key_of, range_of
from beyou.users.errors import AddressBlocked, BlockedAlready, BlockOver, OwnAddress, RangeRefused
from beyou.users.models import AddressBlock, LoginActivity, LoginOutcome, MemberSession
from beyou.users.session_store import limits_of_sessions

MAX_DAYS: Final = 90
#: How far back the preview of a block looks.
PREVIEWED: Final = dt.timedelta(days=30)
#: How many blocks the staff see, those that count first.
SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """What a block would hit: members signed in there now, sign-ins and attempts of the last 30 days."""

    members: int
    sign_ins: int
    attempts: int


def active(now: dt.datetime) -> QuerySet[AddressBlock]:
    """The blocks that count at the time."""
    return AddressBlock.objects.filter(lifted_at=None, until__gt=now)


def is_blocked(address: str) -> bool:
    """Whether nobody may sign in from there. One statement; what is no address is not blocked."""
    key = key_of(address)
    return bool(key) and active(clock.now()).filter(first__lte=key, last__gte=key).exists()


def check_address(address: str) -> None:
    """Raises `AddressBlocked` while the address is."""
    if is_blocked(address):
        raise AddressBlocked


def blocks() -> list[AddressBlock]:
    """The last ones, those that end last first. One statement."""
    return list(AddressBlock.objects.order_by("-until", "-id")[:SHOWN])


def wanted_range(text: str, own_address: str) -> AddressRange:
    """The range, which may be blocked by who is at that address. Raises `RangeRefused`, `OwnAddress`."""
    try:
        found = range_of(text)
    except ValueError:
        raise RangeRefused("Type an address or a range, such as 192.0.2.0/24 or 2001:db8::/48.") from None
    if found.is_too_wide:
        raise RangeRefused("This range is too wide. The widest are /8 (IPv4) and /20 (IPv6).")
    if found.has(own_address):
        raise OwnAddress
    return found


def hit_by(found: AddressRange) -> Hit:
    """What a block of the range would hit. Three statements, whatever is found."""
    now, limits = clock.now(), limits_of_sessions()
    alive = MemberSession.objects.filter(
        ended_at=None, seen_at__gt=now - limits.idle, created_at__gt=now - limits.absolute
    ).exclude(member=None)
    places = alive.order_by().values_list("member_id", "address").distinct()
    inside = {member_id for member_id, address in places.iterator() if found.has(address or "")}
    recent = LoginActivity.objects.filter(
        address_key__gte=found.first, address_key__lte=found.last, created_at__gt=now - PREVIEWED
    )
    return Hit(len(inside), recent.filter(outcome=LoginOutcome.SUCCESS).count(), recent.count())


@transaction.atomic
def block_addresses(
    *, actor_id: UUID, network: str, reason: str, days: int, own_address: str
) -> AddressBlock:
    """Nobody signs in from the range for so many days; who is signed in stays. The audit says who did it.

    The caller has checked the level. Raises `RangeRefused`, `OwnAddress`, `BlockedAlready`.
    """
    if not 1 <= days <= MAX_DAYS:
        raise RangeRefused(f"A block lasts 1 to {MAX_DAYS} days.")
    found, now = wanted_range(network, own_address), clock.now()
    over = AddressBlock.objects.filter(open_network=found.network, until__lte=now)
    over.update(open_network=None)
    block = AddressBlock(
        network=found.network,
        open_network=found.network,
        first=found.first,
        last=found.last,
        reason=reason,
        blocked_by_id=actor_id,
        created_at=now,
        until=now + dt.timedelta(days=days),
    )
    try:
        with transaction.atomic():
            block.save(force_insert=True)
    except IntegrityError:
        raise BlockedAlready from None
    record(
        act="addresses.blocked",
        actor_id=actor_id,
        object_id=block.pk,
        address=own_address or None,
        network=block.network,
        why=reason,
        days=days,
    )
    return block


@transaction.atomic
def lift_block(*, actor_id: UUID, block_id: UUID, why: str, address: str) -> AddressBlock:
    """The range is open again, and the audit says who did it. Raises `NotFound`, and `BlockOver` for a block
    that somebody else lifted or the time ended.
    """
    block = AddressBlock.objects.filter(id=block_id).first()
    if block is None:
        raise NotFound
    now = clock.now()
    lifted = active(now).filter(id=block_id)
    if not lifted.update(lifted_at=now, lifted_by_id=actor_id, open_network=None):
        raise BlockOver
    record(
        act="addresses.unblocked",
        actor_id=actor_id,
        object_id=block_id,
        address=address or None,
        network=block.network,
        why=why,
    )
    return block
