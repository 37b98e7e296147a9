"""What staff do on their pages that belongs to no other app."""

from uuid import UUID

from django.db import transaction

from beyou.console.errors import NotBelow
from beyou.users import queries as users
from beyou.users.rules import Level, may_act_on
from beyou.users.services import grant_level, withdraw_level


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
        grant_level(member_id=member_id, level=level, granted_by_id=actor_id)
    else:
        withdraw_level(member_id=member_id, level=level, withdrawn_by_id=actor_id)
