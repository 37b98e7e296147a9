"""Reading members as the staff sees them: everybody, also who is closed, leaving or gone."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from beyou.core.errors import NotFound
from beyou.users.models import User
from beyou.users.queries import Contact, phone_of

PAGE: Final = 50


class Standing(StrEnum):
    """What the list of members can be narrowed to."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    STAFF = "staff"
    LIMITED = "limited"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    LEAVING = "leaving"
    ERASED = "erased"


_ROWS: Final = {
    Standing.VERIFIED: Q(verified_at__isnull=False, erased_at=None),
    Standing.UNVERIFIED: Q(verified_at=None, erased_at=None),
    Standing.STAFF: Q(is_staff=True),
    Standing.CLOSED: Q(is_active=False, erased_at=None),
    # Also those whose time is over; their badge says whether it is.
    Standing.LIMITED: Q(limited_until__isnull=False, erased_at=None),
    Standing.SUSPENDED: Q(suspended_until__isnull=False, erased_at=None),
    Standing.LEAVING: Q(deletion_due_at__isnull=False, erased_at=None),
    Standing.ERASED: Q(erased_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Members, those who joined last first; `next` continues behind the last one."""

    items: list[User]
    next: UUID | None


def member_page(*, text: str = "", standing: str = "", before: UUID | None = None) -> MemberPage:
    """Members whose handle begins so, whose name has it in it, or whose whole address or id it is. One
    statement.
    """
    rows: QuerySet[User] = User.objects.order_by("-id")
    if text:
        rows = rows.filter(_fits(text.strip().lstrip("@")))
    if standing:
        rows = rows.filter(_ROWS[Standing(standing)])
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    return MemberPage(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None)


def _fits(text: str) -> Q:
    try:
        return Q(id=UUID(text))
    except ValueError:
        # A part of an address would let the staff guess addresses letter by letter, without a trace.
        return Q(handle__startswith=text.lower()) | Q(name__icontains=text) | Q(email=text.lower())


def anybody(member_id: UUID) -> User:
    """The member, also one who is gone. Raises `NotFound`."""
    member = User.objects.filter(id=member_id).first()
    if member is None:
        raise NotFound
    return member


def whole_contact(member: User) -> Contact:
    """How to reach the member, whatever they let others read. Whoever asks has written down that they looked.
    One statement. Raises `Undecryptable`.
    """
    return Contact(member.email, phone_of(member.pk))
