"""Joining by invitation: making links, taking them back, and spending them."""

import datetime as dt
import secrets
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.instance.errors import InvitationOver
from beyou.instance.models import Invitation
from beyou.instance.queries import saved
from beyou.instance.rules import APPROVAL, INVITE

#: How many invitations the page of the staff shows, the newest first.
SHOWN = 100
_WHY = (
    "New members need an invitation here, and this one is not known, is used up, was taken back or is too"
    " old. Ask whoever sent it for another."
)


def _digest(token: str) -> str:
    return sha256(token.strip().encode()).hexdigest()


def _open() -> QuerySet[Invitation]:
    return Invitation.objects.filter(revoked_at=None, expires_at__gt=clock.now(), used__lt=F("uses"))


def latest() -> list[Invitation]:
    """The newest, whatever became of them. One statement."""
    return list(Invitation.objects.order_by("-id")[:SHOWN])


@transaction.atomic
def make(*, actor_id: UUID, note: str, uses: int, days: int) -> tuple[Invitation, str]:
    """The invitation and its secret, which nobody can read again."""
    token = secrets.token_urlsafe(18)
    made = Invitation.objects.create(
        digest=_digest(token),
        note=note,
        uses=uses,
        expires_at=clock.now() + dt.timedelta(days=days),
        made_by_id=actor_id,
    )
    record(act="instance.invitation_made", actor_id=actor_id, object_id=made.pk, uses=uses, days=days)
    return made, token


@transaction.atomic
def revoke(*, actor_id: UUID, invitation_id: UUID) -> None:
    """Nobody joins by it any more; whoever has joined stays. A repeat changes nothing. Raises `NotFound`."""
    rows = Invitation.objects.filter(id=invitation_id)
    if rows.filter(revoked_at=None).update(revoked_at=clock.now()):
        record(act="instance.invitation_revoked", actor_id=actor_id, object_id=invitation_id)
    elif not rows.exists():
        raise NotFound


def check_may_join(token: str) -> None:
    """Raises `InvitationOver` unless somebody with this token may join now. Nothing is used up.

    Reads what is saved and not the copy of the pages: a door that was closed is closed.
    """
    if saved().registration == INVITE and not _open().filter(digest=_digest(token)).exists():
        raise InvitationOver(_WHY)


def needs_approval() -> bool:
    """Whether whoever joins now waits until the staff let them in. Reads what is saved, as `admit` does."""
    return saved().registration == APPROVAL


def admit(token: str) -> None:
    """Somebody joins in the caller's transaction, and one use is spent where the place asks for one. Raises
    `InvitationOver`. The condition stands in the statement that counts, so that the last use is spent once.
    """
    if saved().registration != INVITE:
        return
    if not _open().filter(digest=_digest(token)).update(used=F("used") + 1):
        raise InvitationOver(_WHY)
