"""Who is hidden from whom. A block hides both members from each other."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from beyou.blocks.models import UserBlock
from beyou.users.queries import present

if TYPE_CHECKING:
    from beyou.users.models import User


def visible_to(member_id: UUID, members: "QuerySet[User]") -> "QuerySet[User]":
    """Those of the members whom this one may see. The only way to hide people, and no further statement."""
    return members.exclude(_with(member_id))


def _with(member_id: UUID) -> Exists:
    return Exists(
        UserBlock.objects.filter(
            Q(blocker_id=member_id, blocked_id=OuterRef("pk"))
            | Q(blocked_id=member_id, blocker_id=OuterRef("pk"))
        )
    )


def blocked_between(member_id: UUID, other_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the others with whom there is a block, in either direction. One statement."""
    others = list(other_ids)
    rows = UserBlock.objects.filter(
        Q(blocker_id=member_id, blocked_id__in=others) | Q(blocked_id=member_id, blocker_id__in=others)
    )
    pairs = rows.values_list("blocker_id", "blocked_id")
    return {blocked if blocker == member_id else blocker for blocker, blocked in pairs}


def blocked_pairs(member_ids: Iterable[UUID], other_ids: Iterable[UUID]) -> set[tuple[UUID, UUID]]:
    """Each of the members with each of the others between whom there is a block, in either direction.
    One statement.
    """
    members, others = list(member_ids), list(other_ids)
    rows = UserBlock.objects.filter(
        Q(blocker_id__in=members, blocked_id__in=others) | Q(blocked_id__in=members, blocker_id__in=others)
    )
    found = list(rows.values_list("blocker_id", "blocked_id"))
    return {*found, *((blocked, blocker) for blocker, blocked in found)}


def blocked_with(one: str, other: str) -> Exists:
    """An expression for querysets: whether the members that these two fields name are blocked."""
    return Exists(
        UserBlock.objects.filter(
            Q(blocker_id=OuterRef(one), blocked_id=OuterRef(other))
            | Q(blocker_id=OuterRef(other), blocked_id=OuterRef(one))
        )
    )


def blocks_of(member_id: UUID) -> QuerySet[UserBlock]:
    """The member's own blocks with whom they are about, the newest first."""
    return (
        UserBlock.objects.filter(present("blocked"), blocker_id=member_id)
        .select_related("blocked")
        .order_by("-id")
    )
