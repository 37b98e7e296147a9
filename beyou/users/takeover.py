"""What a member does against others in the account: ending sessions, and saying "That wasn't me"."""

from uuid import UUID

from django.db import transaction

from beyou.core.errors import NotFound
from beyou.core.events import publish
from beyou.core.ports import realtime
from beyou.core.realtime.socket import SESSION_ENDED
from beyou.users.access_tokens import revoke_all_tokens
from beyou.users.events import AccountDisowned
from beyou.users.models import KnownDevice, MemberSession, User
from beyou.users.rules import SecurityKind
from beyou.users.services import SignInAttempt, end_sessions, hold_member, note_security, session_over


@transaction.atomic
def end_session(*, member_id: UUID, session_id: UUID, attempt: SignInAttempt) -> None:
    """This session of the member has ended. Raises `NotFound`."""
    rows = MemberSession.objects.select_for_update().filter(id=session_id, member_id=member_id, ended_at=None)
    row = rows.only("key_digest", "device").first()
    if row is None:
        raise NotFound
    session_over(member_id=member_id, digests=[row.key_digest])
    note_security(member_id=member_id, kind=SecurityKind.SESSION_ENDED, attempt=attempt, subject=row.device)


@transaction.atomic
def end_other_sessions(*, member_id: UUID, attempt: SignInAttempt) -> int:
    """Of the member's sessions only the one of the attempt lives on; returns how many ended."""
    ended = end_sessions(member_id=member_id, except_key_digest=attempt.session_digest)
    if ended:
        note_security(member_id=member_id, kind=SecurityKind.SESSIONS_ENDED, attempt=attempt)
    return ended


@transaction.atomic
def disown(*, member_id: UUID, attempt: SignInAttempt) -> None:
    """Somebody else was in the account: all other sessions, all tokens and all known devices are gone, all
    sockets close, and nothing but a new password can come next. The member gets a mail about it.
    """
    hold_member(member_id)
    User.objects.filter(id=member_id).update(needs_new_password=True)
    end_sessions(member_id=member_id, except_key_digest=attempt.session_digest)
    revoke_all_tokens(member_id=member_id)
    KnownDevice.objects.filter(member_id=member_id).delete()
    note_security(member_id=member_id, kind=SecurityKind.NOT_ME, attempt=attempt)
    publish(AccountDisowned(member_id=member_id))
    transaction.on_commit(lambda: realtime.close([realtime.member_room(member_id)], SESSION_ENDED))
