"""Blocking and unblocking."""

from uuid import UUID

from django.db import transaction

from beyou.blocks.events import UserBlocked
from beyou.blocks.models import UserBlock
from beyou.core.errors import InvalidInput
from beyou.core.events import publish
from beyou.users.queries import lock_members

REASON_LENGTH = 200


@transaction.atomic
def block(*, member_id: UUID, other_id: UUID, reason: str = "") -> None:
    """The two see nothing of each other. Blocking again changes nothing, not even the reason.

    Raises `InvalidInput` for oneself. The caller has checked that the other exists.
    """
    if member_id == other_id:
        raise InvalidInput("You cannot block yourself.")
    # Whoever befriends one of the two at this moment holds the same locks in the same order.
    lock_members([member_id, other_id])
    _, is_new = UserBlock.objects.get_or_create(
        blocker_id=member_id, blocked_id=other_id, defaults={"reason": _plain(reason)}
    )
    if is_new:
        publish(UserBlocked(member_id, other_id))


def _plain(reason: str) -> str:
    """One line without NUL, which PostgreSQL does not store."""
    return " ".join(reason.replace("\0", " ").split())[:REASON_LENGTH]


def change_reason(*, member_id: UUID, other_id: UUID, reason: str) -> None:
    """The note beside the member's own block; nothing happens without one."""
    UserBlock.objects.filter(blocker_id=member_id, blocked_id=other_id).update(reason=_plain(reason))


def unblock(*, member_id: UUID, other_id: UUID) -> None:
    """The member's own block is gone; a friendship that it ended does not come back."""
    UserBlock.objects.filter(blocker_id=member_id, blocked_id=other_id).delete()
