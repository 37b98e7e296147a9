"""What staff do on their pages that belongs to no other app."""

from uuid import UUID

from django.db import transaction

from beyou.audit import queries as audit
from beyou.audit.services import record
from beyou.console.errors import NotBelow
from beyou.core.errors import NotFound
from beyou.marketplace import services as market
from beyou.marketplace.queries.staff import held_seller, staff_item
from beyou.users import queries as users
from beyou.users import services as members
from beyou.users.queries import Contact
from beyou.users.rules import Level, has_level, may_act_on
from beyou.users.staff_queries import anybody, whole_contact


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
def look_at_contact(*, actor_id: UUID, member_id: UUID, why: str, address: str) -> Contact:
    """How to reach the member; the audit says who looked and why, and the member reads it after 30 days.

    Raises `NotFound` for whoever may not act on the member.
    """
    _check_may_act(actor_id, member_id)
    record(
        act="member.contact_viewed", actor_id=actor_id, subject_id=member_id, address=address or None, why=why
    )
    return whole_contact(anybody(member_id))


@transaction.atomic
def end_sessions_of(*, actor_id: UUID, member_id: UUID, why: str, address: str) -> int:
    """The member is signed in nowhere any more, and the audit says who did it and why. Returns how many
    sessions there were. Raises `NotFound` as above.
    """
    _check_may_act(actor_id, member_id)
    ended = members.end_sessions(member_id=member_id)
    record(
        act="member.sessions_ended",
        actor_id=actor_id,
        subject_id=member_id,
        address=address or None,
        why=why,
        ended=ended,
    )
    return ended


def note_log_look(
    *, actor_id: UUID, member_id: UUID | None, address: str, filters: str, is_file: bool = False
) -> None:
    """The audit says that somebody read or took the sign-in log; a member whom it was narrowed to reads it
    after 30 days.
    """
    act = "member.sign_ins_viewed" if member_id else "sign_in_log.viewed"
    record(
        act=act,
        actor_id=actor_id,
        subject_id=member_id,
        address=address or None,
        filters=filters,
        file=is_file,
    )


def _check_may_act(actor_id: UUID, member_id: UUID) -> None:
    """Nobody acts on themselves, on equals or upwards. Both levels are held meanwhile."""
    users.lock_members([actor_id, member_id])
    mine, theirs = users.levels_of(actor_id), users.levels_of(member_id)
    if not has_level(mine, Level.MODERATOR) or not may_act_on(actor_id, mine, member_id, theirs):
        raise NotFound


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


@transaction.atomic
def let_item_through(*, actor_id: UUID, item_id: UUID, seen_version: int) -> None:
    """What was held is on the market. Raises `NotFound` as above, and what the service of `marketplace`
    raises.
    """
    _check_may_act(actor_id, held_seller(item_id))
    market.let_through(actor_id=actor_id, item_id=item_id, seen_version=seen_version)


@transaction.atomic
def send_item_back(*, actor_id: UUID, item_id: UUID, reason: str) -> None:
    """What was held stays a draft, and its seller reads the reason. Raises as above."""
    _check_may_act(actor_id, held_seller(item_id))
    market.send_back(actor_id=actor_id, item_id=item_id, reason=reason)


def _check_may_move(actor_id: UUID, item_id: UUID) -> None:
    """Nobody acts on their own items, on those of equals or upwards."""
    _check_may_act(actor_id, staff_item(item_id).item.seller_id)


@transaction.atomic
def export_audit(*, actor_id: UUID, filters: dict[str, str], address: str) -> int:
    """The audit says who took which part of it. Returns the number of that row: what is taken stands
    before it.
    """
    record(act="audit.exported", actor_id=actor_id, address=address or None, filters=filters)
    return audit.head()[0]
