"""Leaving: the request with its fortnight to think again, and what is left of the account afterwards."""

import datetime as dt
import secrets
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Field

from beyou.audit.services import record
from beyou.core import clock, personal
from beyou.core.events import publish
from beyou.core.ports import realtime
from beyou.media.services import delete_media_of
from beyou.users import queries
from beyou.users.access_tokens import revoke_all_tokens
from beyou.users.errors import StaffMustStepDown
from beyou.users.events import DeletionCancelled, DeletionDue, DeletionRequested, UserErased
from beyou.users.models import User
from beyou.users.rules import ERASED_HANDLE
from beyou.users.services import end_sessions, hold_member

#: How long the member can come back and everything is as before.
COOL_OFF = dt.timedelta(days=14)
REMIND_BEFORE = dt.timedelta(days=3)
ERASED_NAME = "Deleted member"
SIGNED_OUT = 4409
#: Columns of the tombstone that are not emptied: what the row is, and that nobody can use it.
_NOT_EMPTIED = {"id", "handle", "name", "email", "password", "is_active", "is_demo", "erased_at"}


@transaction.atomic
def request_deletion(*, member_id: UUID, address: str | None = None) -> dt.datetime:
    """From now on nobody sees the member, whose sessions and tokens are over for good; returns when the
    account will be erased. A repeat changes nothing. Raises `StaffMustStepDown`.
    """
    hold_member(member_id)
    member = User.objects.get(id=member_id)
    if member.deletion_due_at is not None:
        return member.deletion_due_at
    if member.is_staff:
        raise StaffMustStepDown
    due = clock.now() + COOL_OFF
    User.objects.filter(id=member_id).update(deletion_due_at=due, deletion_reminded_at=None)
    revoke_all_tokens(member_id=member_id)
    end_sessions(member_id=member_id)
    transaction.on_commit(partial(realtime.close, [realtime.member_room(member_id)], SIGNED_OUT))
    record(act="account.deletion_requested", actor_id=member_id, subject_id=member_id, address=address)
    publish(DeletionRequested(member_id, due))
    return due


@transaction.atomic
def cancel_deletion(*, member_id: UUID, address: str | None = None) -> bool:
    """The account is as it was before the request, without its sessions and tokens; False when it is too late
    or nothing was requested.
    """
    hold_member(member_id)
    waiting = User.objects.filter(id=member_id, deletion_due_at__gt=clock.now(), erased_at=None)
    if not waiting.update(deletion_due_at=None, deletion_reminded_at=None):
        return False
    record(act="account.deletion_cancelled", actor_id=member_id, subject_id=member_id, address=address)
    publish(DeletionCancelled(member_id))
    return True


def tokens_ended_by(member: User) -> int:
    """How many access tokens the request to be erased has ended; none of them comes back."""
    if member.deletion_due_at is None:
        return 0
    return queries.tokens_ended_since(member.pk, member.deletion_due_at - COOL_OFF)


def remind_of_deletion() -> int:
    """Who will be erased within three days was told so, once; returns how many were now."""
    told = 0
    for member_id, due in queries.deletions_near(clock.now() + REMIND_BEFORE):
        with transaction.atomic():
            fresh = User.objects.filter(id=member_id, deletion_due_at=due, deletion_reminded_at=None)
            if fresh.update(deletion_reminded_at=clock.now()):
                publish(DeletionDue(member_id, due))
                told += 1
    return told


@transaction.atomic
def erase_member(*, member_id: UUID) -> bool:
    """Of the account only a tombstone is left, which says nothing of whom it was, and every app learns of it.

    False, and nothing happens, unless the member asked for it and the time to think again is over.
    """
    hold_member(member_id)
    member = User.objects.filter(id=member_id, deletion_due_at__lte=clock.now(), erased_at=None).first()
    if member is None:
        return False
    end_sessions(member_id=member_id)
    personal.erase_rows("users", member_id)
    delete_media_of(owner_id=member_id)
    _bury(member)
    record(act="account.erased", actor_id=None, subject_id=member_id)
    publish(UserErased(member_id))
    return True


def _bury(member: User) -> None:
    """Every column gets what a new row would have, also those that are added after this was written."""
    name = secrets.token_hex(10)
    for field in User._meta.concrete_fields:
        if field.name not in _NOT_EMPTIED:
            setattr(member, field.attname, _empty(field))
    member.handle = f"{ERASED_HANDLE}{name}"
    member.name = ERASED_NAME
    member.email = f"{name}@deleted.invalid"
    member.set_unusable_password()
    member.is_active = False
    member.erased_at = clock.now()
    member.save()


def _empty(field: "Field[object, object]") -> object:
    if field.has_default():
        return field.get_default()
    return None if field.null else field.get_default()
