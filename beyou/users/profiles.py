"""How members change what others see of them, and who may see it."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from beyou.audit.services import record
from beyou.core import clock, limits
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.events import publish
from beyou.core.ports import texts
from beyou.media.services import Purpose, delete_media, store_image
from beyou.users import handles, rules
from beyou.users.errors import FieldRefused, NotYourOwn, RenameDecided
from beyou.users.events import RenameSettled
from beyou.users.models import PendingRename, User
from beyou.users.rules import Audience, Readers, RenameState, Writers

#: The side of a stored picture in pixels: the largest place is 96 wide, on screens of up to triple density.
PICTURE_SIDE = 320


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """The member as she is now, and what waits for the staff."""

    member: User
    pending: PendingRename | None


def _held(member_id: UUID) -> User:
    """The member, whom nobody else changes until the transaction ends."""
    return User.objects.select_for_update().get(id=member_id)


def change_profile(
    *, member_id: UUID, handle: str | None = None, name: str | None = None, bio: str | None = None
) -> ProfileChange:
    """What is given is so from now on; what is None stays. A verified member's handle and name wait for the
    staff instead, in the place of an earlier wish.

    Raises `FieldRefused`, `HandleTaken`, `HandleTooSoon` or `RateLimited`; then nothing was changed.
    """
    limits.check("profile.member", str(member_id))
    with transaction.atomic():
        member = _held(member_id)
        new_handle = member.handle if handle is None else rules.plain_handle(handle)
        new_name = member.name if name is None else rules.plain_name(name) or new_handle
        if new_handle != member.handle:
            handles.check_handle(member=member, handle=new_handle)
        if new_name != member.name and (problem := rules.name_problem(new_name)):
            raise FieldRefused("name", problem)
        if new_name != member.name:
            new_name = _read(member, "name", new_name)
        if bio is not None:
            _set_bio(member, bio)
        pending = None
        if (new_handle, new_name) != (member.handle, member.name):
            if member.is_verified:
                pending = _ask(member, new_handle, new_name)
            else:
                _rename(member, new_handle, new_name)
    return ProfileChange(member, pending)


def _set_bio(member: User, typed: str) -> None:
    bio = typed.replace("\r\n", "\n").strip()
    if bio != member.bio:
        if problem := rules.bio_problem(bio):
            raise FieldRefused("bio", problem)
        member.bio = _read(member, "bio", bio)
        member.save(update_fields=["bio"])


def _read(member: User, field: str, text: str) -> str:
    """The text as it may stand there."""
    try:
        return texts.read(member.pk, text)
    except texts.TextRefused as refused:
        raise FieldRefused(field, str(refused)) from None


def _rename(member: User, handle: str, name: str) -> None:
    if handle != member.handle:
        handles.move(member=member, handle=handle)
    if name != member.name:
        member.name = name
        member.save(update_fields=["name"])


def _ask(member: User, handle: str, name: str) -> PendingRename:
    _close(member.pk, RenameState.WITHDRAWN)
    if handle != member.handle:
        handles.reserve(member_id=member.pk, handle=handle)
    return PendingRename.objects.create(
        member=member,
        open_of=member,
        old_handle=member.handle,
        old_name=member.name,
        handle=handle,
        name=name,
    )


def _close(member_id: UUID, state: RenameState) -> None:
    """A wish that waits is settled, and its handle free again."""
    waiting = PendingRename.objects.filter(open_of_id=member_id).first()
    if waiting is not None:
        waiting.state, waiting.open_of, waiting.decided_at = state, None, clock.now()
        waiting.save(update_fields=["state", "open_of", "decided_at"])
        if waiting.handle != waiting.old_handle:
            handles.release(member_id=member_id, handle=waiting.handle)


@transaction.atomic
def withdraw_rename(*, member_id: UUID) -> None:
    """Nothing of the member waits for the staff any more; a repeat changes nothing."""
    _held(member_id)
    _close(member_id, RenameState.WITHDRAWN)


@transaction.atomic
def decide_rename(*, rename_id: UUID, reviewer_id: UUID, is_granted: bool, reason: str = "") -> PendingRename:
    """The wish is granted or refused, the member is told, and the audit says who decided. `reason` is what
    the member reads about a refusal.

    The caller has checked that the reviewer may do such things. Raises `NotFound`, `NotYourOwn`,
    `RenameDecided`, `HandleTaken`, and `InvalidInput` for a refusal without a reason.
    """
    found = PendingRename.objects.filter(id=rename_id).first()
    if found is None:
        raise NotFound
    if found.member_id == reviewer_id:
        raise NotYourOwn("Somebody else of the staff must look at your own rename.")
    if not is_granted and not reason.strip():
        raise InvalidInput("Say why it is refused, so that the member can ask for something else.")
    member = _held(found.member_id)
    rename = PendingRename.objects.select_for_update().get(id=rename_id)
    if rename.state != RenameState.WAITING:
        raise RenameDecided("The member took it back, or somebody else of the staff was faster.")
    rename.state = RenameState.GRANTED if is_granted else RenameState.REFUSED
    rename.open_of, rename.decided_by_id, rename.decided_at = None, reviewer_id, clock.now()
    rename.reason = "" if is_granted else " ".join(reason.split())[:300]
    rename.save(update_fields=["state", "open_of", "decided_by_id", "decided_at", "reason"])
    if is_granted:
        # Whatever else was changed since then stays.
        handle = rename.handle if rename.handle != rename.old_handle else member.handle
        _rename(member, handle, rename.name if rename.name != rename.old_name else member.name)
    elif rename.handle != rename.old_handle:
        handles.release(member_id=member.pk, handle=rename.handle)
    act = "rename.granted" if is_granted else "rename.refused"
    record(act=act, actor_id=reviewer_id, subject_id=member.pk, object_id=rename_id)
    publish(RenameSettled(member_id=member.pk, rename_id=rename_id, is_granted=is_granted))
    return rename


def set_picture(*, member_id: UUID, data: bytes) -> User:
    """The picture is the middle square of what was sent, without anything but its pixels; the one before is
    gone. Raises what `media.services.store_image` raises.
    """
    file = store_image(
        data=data, owner_id=member_id, purpose=Purpose.AVATAR, longest_side=PICTURE_SIDE, square=True
    )
    return _put_picture(member_id, file.id)


def remove_picture(*, member_id: UUID) -> User:
    """The member has initials again; a repeat changes nothing."""
    return _put_picture(member_id, None)


@transaction.atomic
def _put_picture(member_id: UUID, media_id: UUID | None) -> User:
    member = _held(member_id)
    before, member.picture_id = member.picture_id, media_id
    member.save(update_fields=["picture_id"])
    if before is not None:
        delete_media(media_id=before)
    return member


@transaction.atomic
def change_privacy(
    *,
    member_id: UUID,
    found_by: Audience | None = None,
    asked_by: Audience | None = None,
    written_by: Writers | None = None,
    email_for: Readers | None = None,
    phone_for: Readers | None = None,
    read_receipts: bool | None = None,
) -> User:
    """Each choice that is given holds from now on; what is None stays."""
    member = _held(member_id)
    given = {
        "found_by": found_by,
        "asked_by": asked_by,
        "written_by": written_by,
        "email_for": email_for,
        "phone_for": phone_for,
        "read_receipts": read_receipts,
    }
    changed = [name for name, value in given.items() if value is not None]
    for name in changed:
        setattr(member, name, given[name])
    member.save(update_fields=changed)
    return member
