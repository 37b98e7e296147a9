"""What can be done to a member's account."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.events import publish
from beyou.core.ports import realtime
from beyou.core.realtime.socket import SESSION_ENDED
from beyou.instance.queries import current
from beyou.media.services import delete_media
from beyou.users.address_rules import key_of
from beyou.users.email_change import agree_new as agree_new
from beyou.users.email_change import agree_old as agree_old
from beyou.users.email_change import cancel_email_change as cancel_email_change
from beyou.users.email_change import cancel_email_change_by_token as cancel_email_change_by_token
from beyou.users.email_change import declare_old_lost as declare_old_lost
from beyou.users.email_change import start_email_change as start_email_change
from beyou.users.errors import LastOwner
from beyou.users.events import SignInRecorded
from beyou.users.handles import forget_unconfirmed as forget_unconfirmed
from beyou.users.models import (
    Accent,
    JoinRequest,
    KnownDevice,
    LoginActivity,
    LoginOutcome,
    MemberSession,
    SecurityEvent,
    StaffGrant,
    Theme,
    User,
)
from beyou.users.phones import remove_phone as remove_phone
from beyou.users.phones import set_phone as set_phone
from beyou.users.profiles import change_privacy as change_privacy
from beyou.users.profiles import change_profile as change_profile
from beyou.users.profiles import decide_rename as decide_rename
from beyou.users.profiles import remove_picture as remove_picture
from beyou.users.profiles import set_picture as set_picture
from beyou.users.profiles import withdraw_rename as withdraw_rename
from beyou.users.queries import lock_members
from beyou.users.rules import Level, SecurityKind
from beyou.users.whereabouts import whereabouts

#: Outcomes of attempts that are not over: what is asked for next decides.
WAITING = (LoginOutcome.UNCONFIRMED, LoginOutcome.AWAITING_FACTOR)


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """Where somebody tried to sign in from. `session_digest` is hexadecimal SHA-256 of the session key."""

    path: str
    address: str
    user_agent: str
    session_digest: str
    # Names the browser, if it has signed in here before (`devices.device_digest`).
    device_digest: str = ""


@transaction.atomic
def create_member(
    *,
    handle: str,
    email: str,
    password: str | None,
    name: str = "",
    is_confirmed: bool = False,
    is_demo: bool = False,
    awaits_approval: bool = False,
) -> User:
    """The new member with one primary e-mail address, who waits for the staff if that is asked. Without a
    name the handle is shown; without a password nobody can sign in with one. The caller has checked handle,
    address and password; raises IntegrityError when another took handle or address meanwhile.
    """
    member = User(
        handle=handle,
        email=email.lower(),
        name=name or handle,
        is_demo=is_demo,
        accent=current().worn_accent,
        awaits_since=clock.now() if awaits_approval else None,
    )
    member.set_password(password)
    member.save(force_insert=True)
    EmailAddress.objects.create(user=member, email=member.email, primary=True, verified=is_confirmed)
    if awaits_approval:
        JoinRequest.objects.create(member=member)
    return member


@transaction.atomic
def record_sign_in(
    *,
    attempt: SignInAttempt,
    outcome: LoginOutcome,
    member_id: UUID | None,
    method: str = "",
    settles: UUID | None = None,
) -> UUID:
    """One row says how this attempt ended, and the rules about sign-ins will look at it; returns its id.

    `settles` is the row of an attempt that waited for more, such as a code. The first answer gives that row
    its final outcome; a later one, or one for another member, gets a row of its own.
    """
    found = {"outcome": outcome, "method": method, "session_digest": attempt.session_digest}
    if settles and member_id:
        waiting = LoginActivity.objects.filter(id=settles, member_id=member_id, outcome__in=WAITING)
        if waiting.update(**found):
            publish(SignInRecorded(activity_id=settles))
            return settles
    row = LoginActivity(
        member_id=member_id,
        address_key=key_of(attempt.address),
        path=attempt.path,
        user_agent=attempt.user_agent,
        **found,
        is_known_device=_knows_device(member_id, attempt.device_digest),
        **whereabouts(attempt.address, attempt.user_agent),
    )
    row.save(force_insert=True)
    publish(SignInRecorded(activity_id=row.id))
    return row.id


def _knows_device(member_id: UUID | None, digest: str) -> bool:
    devices = KnownDevice.objects.filter(member_id=member_id, token_digest=digest)
    return bool(member_id and digest and devices.exists())


def describe_session(*, member_id: UUID, attempt: SignInAttempt, method: str) -> None:
    """The session that the attempt opened begins now, and its member can tell it from the others."""
    moment = clock.now()
    MemberSession.objects.filter(key_digest=attempt.session_digest).update(
        method=method,
        created_at=moment,
        seen_at=moment,
        **whereabouts(attempt.address, attempt.user_agent),
    )
    tell_of_sessions(member_id)


def mark_verified(*, member_id: UUID) -> None:
    """The member counts as verified from now on; a repeat changes nothing. Only verification calls this."""
    User.objects.filter(id=member_id, verified_at=None).update(verified_at=clock.now())


def mark_unverified(*, member_id: UUID) -> None:
    """The member no longer counts as verified; a repeat changes nothing. Only verification calls this."""
    User.objects.filter(id=member_id).update(verified_at=None)


@transaction.atomic
def end_sessions(*, member_id: UUID, except_key_digest: str | None = None) -> int:
    """The member's sessions have ended, save the one with this digest: their next request is a visitor's
    and their sockets close at once, in every process. Returns how many there were.
    """
    sessions = MemberSession.objects.filter(member_id=member_id, ended_at=None)
    if except_key_digest:
        sessions = sessions.exclude(key_digest=except_key_digest)
    ended = list(sessions.select_for_update().order_by("id").values_list("key_digest", flat=True))
    session_over(member_id=member_id, digests=ended)
    return len(ended)


def session_over(*, member_id: UUID, digests: list[str]) -> None:
    """These sessions of the member have ended. Call it in a transaction."""
    if digests:
        MemberSession.objects.filter(key_digest__in=digests).update(ended_at=clock.now(), data="")
        rooms = [realtime.digest_room(digest) for digest in digests]
        transaction.on_commit(lambda: realtime.close(rooms, SESSION_ENDED))
        tell_of_sessions(member_id)


def tell_of_sessions(member_id: UUID) -> None:
    """Open pages of the member look at the list of sessions again, after the commit."""
    room = realtime.member_room(member_id)
    transaction.on_commit(lambda: realtime.publish([room], b'{"type":"sessions"}'))


def note_security(
    *, member_id: UUID, kind: SecurityKind, attempt: SignInAttempt | None = None, subject: str = ""
) -> None:
    """The member reads it in the security log. `attempt` says from where (`http.sign_in_attempt(request)`);
    None when it came from elsewhere, such as a job. `subject` is a name that the member gave, never a secret.
    """
    where = whereabouts(attempt.address, attempt.user_agent) if attempt else {}
    SecurityEvent.objects.create(
        member_id=member_id,
        kind=kind,
        subject=subject[:100],
        session_digest=attempt.session_digest if attempt else "",
        **where,
    )


@transaction.atomic
def close_account_access(*, member_id: UUID) -> None:
    """Nobody can act as the member any more: the account is closed, and all of its sessions, access tokens
    and sockets end at once and for good: none of them lives again when the account is opened.
    """
    from beyou.users.access_tokens import revoke_all_tokens

    hold_member(member_id)
    User.objects.filter(id=member_id).update(is_active=False)
    revoke_all_tokens(member_id=member_id)
    end_sessions(member_id=member_id)
    transaction.on_commit(lambda: realtime.close([realtime.member_room(member_id)], SESSION_ENDED))


@transaction.atomic
def suspend(*, member_id: UUID, until: dt.datetime) -> None:
    """The member can do nothing until then but read why; sockets close at once, in every process, and tokens
    open nothing. The time alone ends it.
    """
    hold_member(member_id)
    User.objects.filter(id=member_id).update(suspended_until=until)
    transaction.on_commit(lambda: realtime.close([realtime.member_room(member_id)], SESSION_ENDED))


def resume(*, member_id: UUID) -> None:
    """The member is not suspended any more."""
    User.objects.filter(id=member_id).update(suspended_until=None)


@transaction.atomic
def limit(*, member_id: UUID, until: dt.datetime, why: str) -> None:
    """Until then strangers are out of the member's reach: they neither find what the member is and offers,
    nor hear from the member. The time alone ends it.
    """
    hold_member(member_id)
    User.objects.filter(id=member_id).update(limited_until=until, limited_for=why)


def unlimit(*, member_id: UUID) -> None:
    """The member's reach is as before."""
    User.objects.filter(id=member_id).update(limited_until=None, limited_for="")


@transaction.atomic
def empty_profile(*, member_id: UUID, text: bool, picture: bool) -> tuple[str, UUID | None]:
    """The profile has no text and no picture any more, as chosen. Returns what stood there; the file of the
    picture stays in the store, shown to nobody, until whoever keeps it puts it back or deletes it.
    """
    hold_member(member_id)
    member = User.objects.get(id=member_id)
    taken = (member.bio if text else "", member.picture_id if picture else None)
    changes = ({"bio": ""} if text else {}) | ({"picture_id": None} if picture else {})
    User.objects.filter(id=member_id).update(**changes)
    return taken


@transaction.atomic
def refill_profile(*, member_id: UUID, text: str, picture_id: UUID | None) -> None:
    """The profile has this text and picture again, but for what its member has put in their place."""
    hold_member(member_id)
    rows = User.objects.filter(id=member_id, erased_at=None)
    if text:
        rows.filter(bio="").update(bio=text)
    if picture_id is not None and not rows.filter(picture_id=None).update(picture_id=picture_id):
        delete_media(media_id=picture_id)


def open_account_access(*, member_id: UUID) -> None:
    """The member can sign in again. What had ended stays ended."""
    User.objects.filter(id=member_id, erased_at=None).update(is_active=True)


def hold_member(member_id: UUID) -> None:
    """Whoever else holds the member waits until this transaction ends.

    SQLite has no row locks; there the transaction has locked the whole database at its beginning.
    """
    User.objects.select_for_update().filter(id=member_id).values_list("id").first()


def change_look(*, member: User, accent: str, theme: str) -> None:
    """The member's pages, profile and messages wear the accent; `theme` is light, dark or the system's."""
    member.accent, member.theme = Accent(accent), Theme(theme)
    member.save(update_fields=["accent", "theme"])


@transaction.atomic
def grant_level(*, member_id: UUID, level: Level, granted_by_id: UUID | None) -> None:
    """The member has the level, and the audit says who gave it; a repeat changes nothing. The caller has
    decided that the granter may.
    """
    hold_member(member_id)
    _, is_new = StaffGrant.objects.get_or_create(
        member_id=member_id, level=level, defaults={"granted_by_id": granted_by_id}
    )
    if is_new:
        User.objects.filter(id=member_id).update(is_staff=True)
        record(act="staff.level_granted", actor_id=granted_by_id, subject_id=member_id, level=level.value)


@transaction.atomic
def withdraw_level(*, member_id: UUID, level: Level, withdrawn_by_id: UUID | None) -> None:
    """The member no longer has the level, and the audit says who took it; a repeat changes nothing.

    Raises `LastOwner` for the level of the only active owner: nobody could grant it again.
    """
    if level is Level.OWNER:
        _keep_an_owner(member_id)
    hold_member(member_id)
    gone, _ = StaffGrant.objects.filter(member_id=member_id, level=level).delete()
    if gone:
        is_staff = StaffGrant.objects.filter(member_id=member_id).exists()
        User.objects.filter(id=member_id).update(is_staff=is_staff)
        record(act="staff.level_withdrawn", actor_id=withdrawn_by_id, subject_id=member_id, level=level.value)


def _keep_an_owner(member_id: UUID) -> None:
    """All owners are held in the order of their ids, so that of two withdrawals the second sees the first
    and neither waits for the other. Nothing is held for somebody who is no owner.
    """
    held = StaffGrant.objects.filter(level=Level.OWNER)
    owners = set(held.values_list("member_id", flat=True))
    if member_id not in owners:
        return
    lock_members(owners)
    others = held.filter(member__is_active=True).exclude(member_id=member_id)
    if held.filter(member_id=member_id).exists() and not others.exists():
        raise LastOwner("Make somebody else an owner first: without one nobody could grant a level again.")
