"""Reading members."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.core.ports.realtime import digest_room
from beyou.users import rules
from beyou.users.errors import Limited
from beyou.users.models import (
    AccessToken,
    AccountRecovery,
    EmailChange,
    HeldHandle,
    KnownDevice,
    MemberSession,
    PendingRename,
    Phone,
    RecoveryApproval,
    StaffGrant,
    ThreatAlert,
    User,
)
from beyou.users.rules import Level, RenameState, has_level
from beyou.users.scopes import token_digest

Tokens = QuerySet[AccessToken]


def member_of(member_id: UUID) -> User | None:
    return User.objects.filter(id=member_id).first()


#: How many requests one page of the staff shows.
RECOVERIES_SHOWN = 100


def open_recovery(member_id: UUID) -> AccountRecovery | None:
    """The request to get in without a second step that waits in the member's name."""
    return AccountRecovery.objects.filter(open_of_id=member_id).first()


def recovery_answer(recovery_id: UUID) -> str:
    """What the staff wrote to the member; empty when they did not refuse."""
    found = AccountRecovery.objects.filter(id=recovery_id).values_list("answer", flat=True).first()
    return found or ""


def recoveries_waiting() -> list[AccountRecovery]:
    """The longest waiting first, each with how many agreed (`agreed`). One statement."""
    rows = AccountRecovery.objects.filter(open_of__isnull=False).select_related("member")
    return list(rows.annotate(agreed=Count("approvals")).order_by("created_at", "id")[:RECOVERIES_SHOWN])


def recoveries_ended() -> list[AccountRecovery]:
    """The last ones that are over. One statement."""
    rows = AccountRecovery.objects.filter(open_of__isnull=True).select_related("member")
    return list(rows.order_by("-ended_at", "-id")[:RECOVERIES_SHOWN])


def recovery_of(recovery_id: UUID) -> AccountRecovery:
    """Raises `NotFound`."""
    row = AccountRecovery.objects.select_related("member").filter(id=recovery_id).first()
    if row is None:
        raise NotFound
    return row


def approvers_of(recovery_id: UUID) -> list[User]:
    """Who of the staff agreed, as far as they are still there. One statement."""
    ids = RecoveryApproval.objects.filter(recovery_id=recovery_id).values("staff_id")
    return list(User.objects.filter(id__in=ids).order_by("handle"))


def member_id_of_email(email: str) -> UUID | None:
    return User.objects.filter(email=email.strip().lower()).values_list("id", flat=True).first()


def member_by_id(member_id: UUID) -> User:
    return User.objects.get(id=member_id)


def is_handle_taken(handle: str, *, by: UUID | None = None) -> bool:
    """Whether another member than this one has the handle, or holds it."""
    # Members are asked first: a handle that one gives up between the two questions is held by then.
    owner = User.objects.filter(handle=handle).values_list("id", flat=True).first()
    if owner is None:
        held = HeldHandle.objects.filter(Q(until=None) | Q(until__gt=clock.now()), handle=handle)
        owner = held.values_list("member_id", flat=True).first()
    return owner not in (None, by)


def pending_rename(member_id: UUID) -> PendingRename | None:
    """What the member asked for and the staff have not decided yet."""
    return PendingRename.objects.filter(open_of_id=member_id).first()


def last_rename(member_id: UUID) -> PendingRename | None:
    """The rename that waits, or the one that was settled last."""
    return PendingRename.objects.filter(member_id=member_id).order_by("-created_at").first()


def waiting_renames() -> QuerySet[PendingRename]:
    """Renames for the staff to decide, the longest waiting first, with their members."""
    return PendingRename.objects.filter(state=RenameState.WAITING).select_related("member").order_by("id")


def rename_by_id(rename_id: UUID) -> PendingRename | None:
    return PendingRename.objects.filter(id=rename_id).select_related("member").first()


def phone_of(member_id: UUID) -> str:
    """The number in E.164, or empty. Whoever shows it has decided that the reader may see it.

    Raises `Undecryptable` when the stored bytes were altered.
    """
    sealed = Phone.objects.filter(member_id=member_id).values_list("sealed", flat=True).first()
    if sealed is None:
        return ""
    return keyring.open_field(bytes(sealed), table="users_phone", column="sealed", row_id=member_id)


def email_change(change_id: UUID) -> EmailChange | None:
    return EmailChange.objects.filter(id=change_id).first()


@dataclass(frozen=True, slots=True)
class Contact:
    """What somebody may read of how to reach a member; empty where nothing is or nothing may be read."""

    email: str
    phone: str


def contact_of(member: User, *, is_self: bool, is_friend: bool) -> Contact:
    """At most one statement, none where the number may not be read."""
    email, phone = (
        rules.may_read(readers, is_self=is_self, is_friend=is_friend)
        for readers in (member.email_for, member.phone_for)
    )
    return Contact(member.email if email else "", phone_of(member.pk) if phone else "")


def open_email_change(member_id: UUID) -> EmailChange | None:
    """The change of address that the member began and that is not too old."""
    return EmailChange.objects.filter(open_of_id=member_id, expires_at__gt=clock.now()).first()


def knows_device(email: str, token_digest: str) -> bool:
    """Whether somebody has signed in to the account with this address in the browser. One statement."""
    return KnownDevice.objects.filter(member__email=email, token_digest=token_digest).exists()


def email_of(member_id: UUID) -> str | None:
    """The address for mail of the account; None when the member is gone."""
    return User.objects.filter(id=member_id).values_list("email", flat=True).first()


def has_factor(member_id: UUID) -> bool:
    """Whether signing in asks the member for more than a password."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    found: bool = Authenticator.objects.filter(user_id=member_id, type__in=kinds).exists()
    return found


def is_confirmed(member_id: UUID) -> bool:
    """Whether the member has shown to read the mail of an address."""
    confirmed: bool = EmailAddress.objects.filter(user_id=member_id, verified=True).exists()
    return confirmed


def is_erased(member_id: UUID) -> bool:
    """Whether nothing is left of the account but its row."""
    return User.objects.filter(pk=member_id, erased_at__isnull=False).exists()


def present(path: str = "") -> Q:
    """The condition that the member whom `path` names may be seen: neither closed, nor leaving, nor gone, nor
    waiting to be let in.
    """
    prefix = f"{path}__" if path else ""
    return Q(**{f"{prefix}is_active": True, f"{prefix}deletion_due_at": None, f"{prefix}awaits_since": None})


def suspended(path: str = "", *, moment: dt.datetime | None = None) -> Q:
    """The condition that the member whom `path` names is suspended now, or at the moment."""
    prefix = f"{path}__" if path else ""
    at = moment or clock.now()
    return Q(**{f"{prefix}suspended_until__isnull": False, f"{prefix}suspended_until__gt": at})


def limited(path: str = "", *, moment: dt.datetime | None = None) -> Q:
    """The condition that the member whom `path` names is limited now, or at the moment."""
    prefix = f"{path}__" if path else ""
    at = moment or clock.now()
    return Q(**{f"{prefix}limited_until__isnull": False, f"{prefix}limited_until__gt": at})


def check_reach(member_id: UUID) -> None:
    """Raises `Limited` when the member's reach is, now. One statement; within a transaction that holds the
    member the answer stays true until its end.
    """
    found = User.objects.filter(limited(), id=member_id).values_list("limited_until", "limited_for").first()
    if found is not None and found[0] is not None:
        raise Limited(found[0], found[1])


def is_present(member_id: UUID) -> bool:
    """Whether the account is neither closed, nor leaving, nor gone. One statement."""
    return User.objects.filter(present(), id=member_id).exists()


def deletions_near(moment: dt.datetime) -> list[tuple[UUID, dt.datetime]]:
    """Who will be erased by then and was not reminded, with the time. One statement."""
    waiting = User.objects.filter(deletion_due_at__lte=moment, deletion_reminded_at=None, erased_at=None)
    rows = waiting.order_by("deletion_due_at").values_list("id", "deletion_due_at")
    return [(member_id, due) for member_id, due in rows if due is not None]


def deletions_due(limit: int) -> list[UUID]:
    """Members whose time to think again is over, the longest waiting first. One statement."""
    due = User.objects.filter(deletion_due_at__lte=clock.now(), erased_at=None).order_by("deletion_due_at")
    return list(due.values_list("id", flat=True)[:limit])


def address_of(member_id: UUID) -> str:
    """The address for mail to a member of whom only the id is known; empty when there is no such member."""
    return User.objects.filter(id=member_id).values_list("email", flat=True).first() or ""


def listed_members(*, moment: dt.datetime | None = None) -> QuerySet[User]:
    """Members who may appear to others: active, neither suspended (now, or at the moment) nor about to leave,
    and with a confirmed address.
    """
    confirmed = EmailAddress.objects.filter(user_id=OuterRef("pk"), verified=True)
    return User.objects.filter(Exists(confirmed)).filter(present()).exclude(suspended(moment=moment))


def levels_of(member_id: UUID) -> frozenset[str]:
    """The staff levels of the member; empty for members. One statement."""
    return frozenset(StaffGrant.objects.filter(member_id=member_id).values_list("level", flat=True))


def staff_with(level: Level) -> list[UUID]:
    """Active members who may do what the level is for, owners included. One statement."""
    rows = (
        StaffGrant.objects.filter(present("member"))
        .exclude(suspended("member"))
        .order_by("id")
        .values_list("member_id", "level")
    )
    return list(dict.fromkeys(member_id for member_id, held in rows if has_level({held}, level)))


def staff_rooms(level: Level) -> list[str]:
    """The rooms of the sessions in which members who may do what the level is for use the pages of the staff.
    Their other sessions, and what a token opened, hear nothing of the staff. Two statements.
    """
    since = clock.now() - dt.timedelta(minutes=settings.STAFF_IDLE_MINUTES)
    used = MemberSession.objects.filter(staff_seen_at__gt=since, ended_at=None)
    digests = used.filter(member_id__in=staff_with(level)).values_list("key_digest", flat=True)
    return [digest_room(digest) for digest in digests]


def staff_ids(level: Level | None = None) -> QuerySet[StaffGrant, UUID]:
    """For querysets: the ids of those who have exactly this level, or any for None."""
    rows = StaffGrant.objects.all() if level is None else StaffGrant.objects.filter(level=level)
    return rows.values_list("member_id", flat=True)


def staff_with_levels() -> list[tuple[User, frozenset[str]]]:
    """Everybody who has a level, owners first, then by handle. One statement."""
    held: dict[UUID, set[str]] = {}
    people: dict[UUID, User] = {}
    for grant in StaffGrant.objects.select_related("member").order_by("member__handle"):
        held.setdefault(grant.member_id, set()).add(grant.level)
        people[grant.member_id] = grant.member
    staff = [(people[member_id], frozenset(levels)) for member_id, levels in held.items()]
    return sorted(staff, key=lambda pair: Level.OWNER not in pair[1])


def member_id_of_handle(handle: str) -> UUID | None:
    """Also of members who are closed or blocked: for staff and commands, not for members' pages."""
    return User.objects.filter(handle=handle).values_list("id", flat=True).first()


def members_by_id(ids: Iterable[UUID]) -> dict[UUID, User]:
    """Those of the members that exist. One statement."""
    return User.objects.in_bulk(list(ids))


def lock_members(member_ids: Iterable[UUID]) -> None:
    """No other transaction changes what belongs to these members together until this one ends.

    Rows are locked in the order of their ids, so that two transactions never wait for each other.
    """
    list(User.objects.select_for_update().filter(id__in=list(member_ids)).order_by("id").values_list("id"))


def access_token(text: str) -> AccessToken | None:
    """The usable token with this text and its member, who may use the instance. One statement, none for a
    text that cannot be a token.
    """
    digest = token_digest(text)
    if digest is None:
        return None
    return (
        _usable()
        .select_related("member")
        .filter(present("member"), digest=digest, member__needs_new_password=False)
        .exclude(suspended("member"))
        .first()
    )


def usable_tokens(member_id: UUID) -> Tokens:
    """The tokens of the member that open something, the newest first."""
    return _usable().filter(member_id=member_id).order_by("-created_at", "-id")


def tokens_ended_since(member_id: UUID, moment: dt.datetime) -> int:
    """How many tokens of the member were revoked since then. One statement."""
    return AccessToken.objects.filter(member_id=member_id, revoked_at__gte=moment).count()


def token_of(member_id: UUID, token_id: UUID) -> AccessToken | None:
    """The member's token, usable or not, with the member. One statement."""
    return AccessToken.objects.select_related("member").filter(id=token_id, member_id=member_id).first()


def _usable() -> Tokens:
    return AccessToken.objects.filter(revoked_at=None, expires_at__gt=clock.now())


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Alerts, the newest first; `next` continues behind the last one."""

    items: list[ThreatAlert]
    next: UUID | None


def alert_page(*, before: UUID | None = None, limit: int = 50) -> AlertPage:
    """What the rules about sign-ins have found, for the staff. One statement."""
    rows = ThreatAlert.objects.select_related("member").order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    items = list(rows[: limit + 1])
    return AlertPage(items[:limit], items[limit - 1].id if len(items) > limit else None)
