"""Getting in after every second step is lost: a mailbox, two of the staff, and three days to say no.

The rules (`rules.recovery_after`, `rules.may_release`) decide; every step is taken under the lock of its row.
"""

import secrets
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet

from beyou.audit.services import record
from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.core.events import publish
from beyou.users import factors, queries, resets, rules
from beyou.users.errors import AlreadyApproved, LinkOver, NotAbove, RecoveryOpen, RecoveryOver
from beyou.users.events import RecoveryAsked, RecoveryEnded, RecoveryReady
from beyou.users.models import AccountRecovery, PasswordReset, RecoveryApproval
from beyou.users.rules import Level, PasswordPath, RecoveryState, RecoveryStep, SecurityKind
from beyou.users.services import SignInAttempt, note_security

REASON_LENGTH: Final = 1000
ANSWER_LENGTH: Final = 300
_OPEN: Final = (RecoveryState.WAITING, RecoveryState.READY)
_NOTED: Final = {
    RecoveryState.CANCELLED: SecurityKind.RECOVERY_CANCELLED,
    RecoveryState.USED: SecurityKind.RECOVERY_DONE,
}


@transaction.atomic
def ask_recovery(*, reset: PasswordReset, reason: str, attempt: SignInAttempt | None = None) -> UUID:
    """The request waits, the mailed link that proved the mailbox is used up, and the owner will be told on
    every way there is. Raises `RecoveryOpen` when one waits already, and `LinkOver`.
    """
    member_id = reset.member_id
    queries.lock_members([member_id])
    earlier = queries.open_recovery(member_id)
    if earlier is not None:
        raise RecoveryOpen(earlier.created_at)
    if not resets.spend(reset):
        raise LinkOver
    row = AccountRecovery(member_id=member_id, open_of_id=member_id, created_at=clock.now())
    row.reason_sealed = keyring.seal_field(plain_reason(reason), **_place(row.id))
    row.save(force_insert=True)
    note_security(member_id=member_id, kind=SecurityKind.RECOVERY_ASKED, attempt=attempt)
    publish(RecoveryAsked(member_id, row.id))
    return row.id


def plain_reason(reason: str) -> str:
    """Without NUL, which PostgreSQL does not store."""
    return reason.replace("\0", " ").strip()[:REASON_LENGTH]


def reason_of(row: AccountRecovery) -> str:
    """What the member wrote. Raises `Undecryptable` when it was altered."""
    return keyring.open_field(bytes(row.reason_sealed), **_place(row.id))


def _place(row_id: UUID) -> dict[str, str]:
    return {"table": "users_accountrecovery", "column": "reason_sealed", "row_id": str(row_id)}


def new_cancel_token(recovery_id: UUID) -> str | None:
    """A token for the mail that warns the owner; None when there is nothing left to cancel."""
    token = secrets.token_urlsafe(resets.TOKEN_BYTES)
    rows = AccountRecovery.objects.filter(id=recovery_id, open_of__isnull=False)
    return token if rows.update(cancel_digest=_digest(token)) else None


def new_link_token(recovery_id: UUID) -> str | None:
    """A token for the mail that lets the member in; None when it is not ready, or any more."""
    token = secrets.token_urlsafe(resets.TOKEN_BYTES)
    rows = AccountRecovery.objects.filter(id=recovery_id, state=RecoveryState.READY)
    return token if rows.update(link_digest=_digest(token)) else None


def recovery_to_cancel(token: str) -> AccountRecovery:
    """Raises `LinkOver`."""
    return _found(AccountRecovery.objects.filter(cancel_digest=_digest(token), open_of__isnull=False).first())


def recovery_of_token(token: str) -> AccountRecovery:
    """The request whose link this is. Raises `LinkOver`."""
    return _found(_ready().filter(link_digest=_digest(token)).first())


def recovery_of_id(recovery_id: object) -> AccountRecovery:
    """The request that a session remembers, ready to be used. Raises `LinkOver`."""
    try:
        return _found(_ready().filter(id=UUID(str(recovery_id))).first())
    except ValueError:
        raise LinkOver from None


def _ready() -> QuerySet[AccountRecovery]:
    return AccountRecovery.objects.select_related("member").filter(
        state=RecoveryState.READY,
        created_at__gt=clock.now() - rules.RECOVERY_VALID,
        member__is_active=True,
    )


def _found(row: AccountRecovery | None) -> AccountRecovery:
    if row is None:
        raise LinkOver
    return row


@transaction.atomic
def cancel_recovery(*, recovery_id: UUID, attempt: SignInAttempt | None = None) -> None:
    """Nothing comes of the request any more. Raises `RecoveryOver` when it is too late or was done."""
    row = _locked(recovery_id)
    _end(row, RecoveryStep.CANCEL, attempt)


@transaction.atomic
def approve_recovery(*, recovery_id: UUID, staff_id: UUID) -> None:
    """One more of the staff agrees, and the audit has it. Raises `NotFound`, `NotAbove` for oneself, equals
    and those above, `AlreadyApproved` and `RecoveryOver`.
    """
    row = _locked(recovery_id)
    _check_staff(row, staff_id)
    if rules.recovery_after(RecoveryState(row.state), RecoveryStep.APPROVE) is None or _is_too_old(row):
        raise RecoveryOver
    _, is_new = RecoveryApproval.objects.get_or_create(recovery=row, staff_id=staff_id)
    if not is_new:
        raise AlreadyApproved
    _release_if_due(row)
    record(act="recovery.approved", actor_id=staff_id, subject_id=row.member_id, object_id=row.id)


@transaction.atomic
def refuse_recovery(*, recovery_id: UUID, staff_id: UUID, answer: str) -> None:
    """The request ends with an answer for the member, and the audit has it. Raises as `approve_recovery`."""
    row = _locked(recovery_id)
    _check_staff(row, staff_id)
    row.answer = " ".join(answer.replace("\0", " ").split())[:ANSWER_LENGTH]
    _end(row, RecoveryStep.REFUSE, None)
    record(act="recovery.refused", actor_id=staff_id, subject_id=row.member_id, object_id=row.id)


def _check_staff(row: AccountRecovery, staff_id: UUID) -> None:
    mine, theirs = queries.levels_of(staff_id), queries.levels_of(row.member_id)
    if not rules.has_level(mine, Level.VERIFIER) or not rules.may_act_on(
        staff_id, mine, row.member_id, theirs
    ):
        raise NotAbove


@transaction.atomic
def use_recovery(*, recovery: AccountRecovery, password: str, attempt: SignInAttempt | None = None) -> None:
    """The member has this password and no second step any more, and every session is over; of any number of
    uses of one link only one gets here. Raises `LinkOver`.
    """
    hashed = make_password(password)
    try:
        row = _locked(recovery.id)
        _end(row, RecoveryStep.USE, attempt)
    except (NotFound, RecoveryOver):
        raise LinkOver from None
    factors.remove_all(member_id=row.member_id)
    resets.change_password(
        member_id=row.member_id, hashed=hashed, path=PasswordPath.RECOVERY, attempt=attempt
    )
    record(act="recovery.used", actor_id=None, subject_id=row.member_id, object_id=row.id)


def release_due() -> None:
    """Requests whose time has come are ready or over. Each in a transaction of its own."""
    rows = AccountRecovery.objects.filter(state__in=_OPEN, created_at__lte=clock.now() - rules.RECOVERY_DELAY)
    for recovery_id in list(rows.order_by("id").values_list("id", flat=True)):
        with transaction.atomic():
            row = _locked(recovery_id)
            if _is_too_old(row):
                if row.open_of_id is not None:
                    _end(row, RecoveryStep.EXPIRE, None)
            else:
                _release_if_due(row)


def _release_if_due(row: AccountRecovery) -> None:
    """Only those count who are still of the staff."""
    after = rules.recovery_after(RecoveryState(row.state), RecoveryStep.RELEASE)
    staff = set(queries.staff_with(Level.VERIFIER))
    approvers = set(row.approvals.values_list("staff_id", flat=True)) & staff
    if after is not None and rules.may_release(approvers, row.created_at, clock.now()):
        row.state = after.value
        row.save(update_fields=["state"])
        publish(RecoveryReady(row.member_id, row.id))


def _is_too_old(row: AccountRecovery) -> bool:
    return row.created_at + rules.RECOVERY_VALID <= clock.now()


def _locked(recovery_id: UUID) -> AccountRecovery:
    """The request, held together with its member. Raises `NotFound`.

    The member first, in every step: rows that name members, as the security log's, hold them too, and two
    orders would be a deadlock.
    """
    rows = AccountRecovery.objects.filter(id=recovery_id)
    queries.lock_members(rows.values_list("member_id", flat=True))
    row = rows.select_for_update().first()
    if row is None:
        raise NotFound
    return row


def _end(row: AccountRecovery, step: RecoveryStep, attempt: SignInAttempt | None) -> None:
    after = rules.recovery_after(RecoveryState(row.state), step)
    if after is None or (_is_too_old(row) and step is not RecoveryStep.EXPIRE):
        raise RecoveryOver
    row.state, row.open_of, row.ended_at = after.value, None, clock.now()
    row.cancel_digest = row.link_digest = ""
    row.save()
    if after in _NOTED:
        note_security(member_id=row.member_id, kind=_NOTED[after], attempt=attempt)
    publish(RecoveryEnded(row.member_id, row.id, after.value))


def _digest(token: str) -> str:
    return sha256(token[:100].encode()).hexdigest()
