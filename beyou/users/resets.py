"""Another password: links by mail, their tries, and the one way in which a password changes."""

import datetime as dt
import secrets
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, Q, QuerySet

from beyou.core import clock, keyring, limits
from beyou.core.events import publish
from beyou.users import queries
from beyou.users.access_tokens import revoke_all_tokens
from beyou.users.errors import LinkOver
from beyou.users.events import PasswordChanged, ResetAsked, ResetDied
from beyou.users.models import MemberSession, PasswordReset, User
from beyou.users.rules import RESET_TRIES, RESET_VALID, PasswordPath, SecurityKind
from beyou.users.services import SignInAttempt, end_sessions, note_security
from beyou.users.session_store import SessionStore

#: 256 random bits.
TOKEN_BYTES: Final = 32
TOKEN_LENGTH: Final = 43
#: Ended links are kept so long, for those who look what happened.
KEPT: Final = dt.timedelta(days=7)
_EMAIL: Final = {"table": "core_outboxevent", "column": "payload", "row_id": "reset"}


def ask_reset(*, email: str, address: str) -> None:
    """If a member has this address, a link is on its way when the outbox is drained.

    Whether one has is looked up there and not here: this does the same, in the same time, for every
    address. Raises `RateLimited` by account and by network address, known or not.
    """
    limits.check("recover.address", address)
    limits.check("recover.account", email.lower())
    sealed = keyring.seal_field(email.lower(), **_EMAIL).hex()
    with transaction.atomic():
        publish(ResetAsked(sealed))


def member_to_reset(sealed_email: str) -> User | None:
    """Whom a link may be mailed to: the active member with this confirmed address."""
    email = keyring.open_field(bytes.fromhex(sealed_email), **_EMAIL)
    return queries.listed_members().filter(email=email).first()


def new_link(member: User) -> str:
    """A token that opens one reset within half an hour; older ones stay good, so that nobody can spoil a
    member's link by asking for another.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    moment = clock.now()
    PasswordReset.objects.create(
        member_id=member.pk,
        digest=_digest(token),
        password_mac=_password_mac(member.password),
        created_at=moment,
        expires_at=moment + RESET_VALID,
    )
    return token


def reset_of_token(token: str) -> PasswordReset:
    """The open reset behind a link. Raises `LinkOver`."""
    return _open(PasswordReset.objects.filter(digest=_digest(token)) if len(token) == TOKEN_LENGTH else None)


def reset_of_id(reset_id: object) -> PasswordReset:
    """The open reset that a session remembers. Raises `LinkOver`."""
    try:
        return _open(PasswordReset.objects.filter(id=UUID(str(reset_id))))
    except ValueError:
        raise LinkOver from None


def _open(rows: QuerySet[PasswordReset] | None) -> PasswordReset:
    row = rows.select_related("member").filter(_alive()).first() if rows is not None else None
    if row is None or not row.member.is_active or row.password_mac != _password_mac(row.member.password):
        raise LinkOver
    return row


def _alive() -> Q:
    return Q(ended_at=None, expires_at__gt=clock.now(), tries__lt=RESET_TRIES)


def count_try(reset: PasswordReset) -> None:
    """One of the few second steps of this link is used, also when many are tried at once. Raises `LinkOver`,
    and `RateLimited` when the account had too many tries with any links.
    """
    limits.check("recover.factor", str(reset.member_id))
    if not PasswordReset.objects.filter(_alive(), id=reset.id).update(tries=F("tries") + 1):
        raise LinkOver


@transaction.atomic
def note_wrong_try(reset: PasswordReset) -> int:
    """How many tries are left. With the last one the link is over and its owner will be told."""
    left = RESET_TRIES - PasswordReset.objects.values_list("tries", flat=True).get(id=reset.id)
    if left <= 0 and _end(reset.id):
        publish(ResetDied(reset.member_id))
    return max(0, left)


def _end(reset_id: UUID) -> bool:
    rows = PasswordReset.objects.filter(id=reset_id, ended_at=None)
    return bool(rows.update(ended_at=clock.now()))


def use_reset(*, reset: PasswordReset, password: str, attempt: SignInAttempt | None = None) -> None:
    """The member has this password; of any number of uses of one link only one gets here.

    The caller has asked for a second step where the account has one. Raises `LinkOver`.
    """
    hashed = make_password(password)
    with transaction.atomic():
        queries.lock_members([reset.member_id])
        if not spend(reset):
            raise LinkOver
        change_password(member_id=reset.member_id, hashed=hashed, path=PasswordPath.RESET, attempt=attempt)


def spend(reset: PasswordReset) -> bool:
    """Whether this caller uses the link up; nobody can afterwards. The last try may be the right one."""
    is_open = Q(ended_at=None, expires_at__gt=clock.now(), tries__lte=RESET_TRIES)
    return bool(PasswordReset.objects.filter(is_open, id=reset.id).update(ended_at=clock.now()))


@transaction.atomic
def change_password(
    *,
    member_id: UUID,
    hashed: str,
    path: PasswordPath,
    except_key_digest: str | None = None,
    attempt: SignInAttempt | None = None,
    ends_others: bool = True,
) -> None:
    """The member signs in with the hashed password from now on. Links for a reset are over, and so are all
    sessions but the one named, all access tokens and their sockets, unless the member wants to keep them;
    the security log has it, and the owner will be told.
    """
    queries.lock_members([member_id])
    User.objects.filter(id=member_id).update(password=hashed, needs_new_password=False)
    PasswordReset.objects.filter(member_id=member_id, ended_at=None).update(ended_at=clock.now())
    if ends_others:
        end_sessions(member_id=member_id, except_key_digest=except_key_digest)
        revoke_all_tokens(member_id=member_id)
    else:
        _keep_sessions(User.objects.get(id=member_id))
    note_security(member_id=member_id, kind=SecurityKind.PASSWORD_CHANGED, attempt=attempt)
    publish(PasswordChanged(member_id, path.value))


def _keep_sessions(member: User) -> None:
    """Django ends a session whose hash does not fit the password, so each of them gets the new one."""
    store = SessionStore()
    for row in MemberSession.objects.select_for_update().filter(member=member, ended_at=None).order_by("id"):
        values = store.decode(row.data)
        if HASH_SESSION_KEY in values:
            values[HASH_SESSION_KEY] = member.get_session_auth_hash()
            MemberSession.objects.filter(id=row.id).update(data=store.encode(values))


def forget_old() -> None:
    """Links that are long over are gone."""
    PasswordReset.objects.filter(expires_at__lt=clock.now() - KEPT).delete()


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _password_mac(hashed: str) -> str:
    return keyring.mac(b"users/reset", hashed.encode()).hex()
