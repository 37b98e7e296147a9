"""Which handle belongs to whom: taken, held for somebody, or forgotten."""

import datetime as dt
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.formats import date_format

from beyou.core import clock
from beyou.users import queries, rules
from beyou.users.errors import FieldRefused, HandleTaken, HandleTooSoon
from beyou.users.models import HeldHandle, User

#: How long a sign-up may wait for its code before others may take its handle and address.
UNCONFIRMED_FOR = dt.timedelta(days=1)
#: How long a member waits between two handles, and how long the old one is kept for the member.
COOL_DOWN, HELD_FOR = dt.timedelta(days=14), dt.timedelta(days=30)


def forget_unconfirmed(*, handle: str = "", email: str = "") -> None:
    """A sign-up that nobody confirmed within a day no longer holds this handle or address."""
    confirmed = EmailAddress.objects.filter(user_id=OuterRef("pk"), verified=True)
    User.objects.filter(
        ~Exists(confirmed),
        Q(handle=handle) | Q(email=email.lower()),
        date_joined__lt=clock.now() - UNCONFIRMED_FOR,
    ).delete()


def check_handle(*, member: User, handle: str) -> None:
    """Raises `FieldRefused`, `HandleTaken` or `HandleTooSoon` unless the member may take the handle now."""
    if problem := rules.handle_problem(handle):
        raise FieldRefused("handle", problem)
    forget_unconfirmed(handle=handle)
    if queries.is_handle_taken(handle, by=member.pk):
        raise HandleTaken
    is_own = HeldHandle.objects.filter(handle=handle, member_id=member.pk).exists()
    free_at = member.handle_changed_at and member.handle_changed_at + COOL_DOWN
    if free_at and free_at > clock.now() and not is_own:
        day = date_format(free_at, "j F Y")
        raise HandleTooSoon(
            "handle", f"You changed your handle lately. You can change it again from {day} on."
        )


def move(*, member: User, handle: str) -> None:
    """The member has the handle, and the old one is held for the member. Call it in a transaction.

    Raises `HandleTaken` when somebody else was faster.
    """
    now = clock.now()
    HeldHandle.objects.update_or_create(
        handle=member.handle, defaults={"member_id": member.pk, "until": now + HELD_FOR}
    )
    HeldHandle.objects.filter(Q(member_id=member.pk) | Q(until__lte=now), handle=handle).delete()
    member.handle, member.handle_changed_at = handle, now
    try:
        with transaction.atomic():
            member.save(update_fields=["handle", "handle_changed_at"])
    except IntegrityError:
        raise HandleTaken from None


def reserve(*, member_id: UUID, handle: str) -> None:
    """Nobody else can take the handle while a rename waits for it. Call it in a transaction.

    Raises `HandleTaken` when somebody else holds it.
    """
    HeldHandle.objects.filter(handle=handle, until__lte=clock.now()).delete()
    try:
        with transaction.atomic():
            held, _ = HeldHandle.objects.get_or_create(handle=handle, defaults={"member_id": member_id})
    except IntegrityError:
        raise HandleTaken from None
    if held.member_id != member_id:
        raise HandleTaken
    HeldHandle.objects.filter(handle=handle).update(until=None)


def release(*, member_id: UUID, handle: str) -> None:
    """What a rename waited for is free again."""
    HeldHandle.objects.filter(handle=handle, member_id=member_id, until=None).delete()


def forget_expired() -> None:
    """Handles whose time is over are free, which they are anyway; their rows are gone too."""
    HeldHandle.objects.filter(until__lte=clock.now()).delete()
