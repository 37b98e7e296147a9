"""What staff do on their pages that belongs to no other app."""

from uuid import UUID

from django.db import transaction

from beyou.console.errors import NotBelow
from beyou.core.errors import NotFound
from beyou.marketplace import services as market
from beyou.marketplace.queries.staff import staff_item
from beyou.users import queries as users
from beyou.users import services as members
from beyou.users.rules import Level, has_level, may_act_on


@transaction.atomic
def set_level(*, actor_id: UUID, member_id: UUID, level: Level, is_held: bool) -> None:
    """The member has the level or has it no longer, and the audit says who decided; a repeat changes nothing.

    Both are held meanwhile, so that somebody who loses a level just now decides nothing with it. Raises
    `NotBelow` unless the actor is an owner and the member is not.
    """
    users.lock_members([actor_id, member_id])
    mine, theirs = users.levels_of(actor_id), users.levels_of(member_id)
    if Level.OWNER not in mine or not may_act_on(actor_id, mine, member_id, theirs):
        raise NotBelow("Owners give levels to members and take them from staff who are not owners.")
    if is_held:
        members.grant_level(member_id=member_id, level=level, granted_by_id=actor_id)
    else:
        members.withdraw_level(member_id=member_id, level=level, withdrawn_by_id=actor_id)


@transaction.atomic
def decide_rename(*, rename_id: UUID, reviewer_id: UUID, is_granted: bool, reason: str) -> None:
    """A verified member's wish for another handle or name is granted or refused.

    Raises `NotFound` for whoever may not act on the member, and what the service of `users` raises.
    """
    rename = users.rename_by_id(rename_id)
    if rename is None:
        raise NotFound
    mine, theirs = users.levels_of(reviewer_id), users.levels_of(rename.member_id)
    if not has_level(mine, Level.VERIFIER) or not may_act_on(reviewer_id, mine, rename.member_id, theirs):
        raise NotFound
    members.decide_rename(rename_id=rename_id, reviewer_id=reviewer_id, is_granted=is_granted, reason=reason)


@transaction.atomic
def suspend_item(*, actor_id: UUID, item_id: UUID, reason: str) -> None:
    """The item is off the market, and its seller reads the reason.

    Raises `NotFound` for whoever may not act on the seller, and what the service of `marketplace` raises.
    """
    _check_may_move(actor_id, item_id)
    market.suspend(actor_id=actor_id, item_id=item_id, reason=reason)


@transaction.atomic
def restore_item(*, actor_id: UUID, item_id: UUID) -> None:
    """The item is its seller's again, paused. Raises `NotFound` as above, and `StepImpossible`."""
    _check_may_move(actor_id, item_id)
    market.restore(actor_id=actor_id, item_id=item_id)


def _check_may_move(actor_id: UUID, item_id: UUID) -> None:
    """Nobody acts on their own items, on those of equals or upwards. Both levels are held meanwhile."""
    seller_id = staff_item(item_id).item.seller_id
    users.lock_members([actor_id, seller_id])
    mine, theirs = users.levels_of(actor_id), users.levels_of(seller_id)
    if not has_level(mine, Level.MODERATOR) or not may_act_on(actor_id, mine, seller_id, theirs):
        raise NotFound
