"""Another e-mail address: nothing changes before both mailboxes agreed, or the old one kept silent for long.

Whoever asks learns nothing about other members: an address that somebody else has looks like any other, only
that its owner gets a warning instead of a code.
"""

import datetime as dt
import hmac
import secrets
from contextlib import suppress
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Q

from beyou.core import clock, keyring, limits, mail
from beyou.core.errors import InvalidInput
from beyou.core.events import publish
from beyou.core.mail import MailNotSent
from beyou.users.errors import EmailChangeClosed, FieldRefused, WrongCode
from beyou.users.events import EmailChanged
from beyou.users.handles import forget_unconfirmed
from beyou.users.models import EmailChange, SecurityEvent, User
from beyou.users.rules import ChangeOutcome, SecurityKind

OPEN_FOR, SILENCE = dt.timedelta(hours=1), dt.timedelta(hours=72)
TRIES = 5
_KEPT_FOR = dt.timedelta(days=30)


def token_mac(token: str) -> str:
    """What is stored of the token in the link to the old address."""
    return keyring.mac(b"users.EmailChange.token", token.encode()).hex()


def _code_mac(change_id: UUID, code: str) -> str:
    return keyring.mac(b"users.EmailChange.code", change_id.bytes + code.encode()).hex()


def start_email_change(*, member_id: UUID, email: str) -> EmailChange:
    """A change is open for an hour: the new address has a code, the old one a link. An earlier one is closed.

    Raises `FieldRefused` for the address that the member has, `RateLimited`, and `MailNotSent`, after which
    nothing is open.
    """
    new = email.strip().lower()
    limits.check("email_change.member", str(member_id))
    limits.check("code.account", new)
    code, token = f"{secrets.randbelow(10**6):06}", secrets.token_urlsafe(32)
    change = _open(member_id, new, code, token)
    try:
        _send_to_new(change, code)
        _send_to_old(change, "users/mail/email_change_old.txt", token)
    except MailNotSent:
        _close(change.id, ChangeOutcome.CANCELLED)
        raise
    return change


@transaction.atomic
def _open(member_id: UUID, new: str, code: str, token: str) -> EmailChange:
    member = User.objects.select_for_update().get(id=member_id)
    if new == member.email:
        raise FieldRefused("email", "This is your address already.")
    forget_unconfirmed(email=new)
    EmailChange.objects.filter(open_of_id=member_id).update(open_of=None, outcome=ChangeOutcome.CANCELLED)
    change = EmailChange(
        member=member,
        open_of=member,
        old_email=member.email,
        new_email=new,
        token_mac=token_mac(token),
        expires_at=clock.now() + OPEN_FOR,
    )
    change.code_mac = _code_mac(change.id, code)
    change.save(force_insert=True)
    return change


def _send_to_new(change: EmailChange, code: str) -> None:
    """The code, or a warning to the other member whose address this is; a mail goes out either way."""
    if _is_taken(change):
        mail.send("users/mail/email_change_taken.txt", change.new_email)
    else:
        mail.send("users/mail/email_change_new.txt", change.new_email, {"code": code})


def _send_to_old(change: EmailChange, template: str, token: str) -> None:
    mail.send(template, change.old_email, {"token": token, "new_email": change.new_email})


def _is_taken(change: EmailChange) -> bool:
    has_it = User.objects.filter(email=change.new_email).exclude(id=change.member_id)
    confirmed_it = EmailAddress.objects.filter(email=change.new_email, verified=True)
    return has_it.exists() or confirmed_it.exclude(user_id=change.member_id).exists()


def agree_new(*, member_id: UUID, code: str) -> EmailChange:
    """The new address is shown to be the member's. The address changes if the old one has agreed already.

    Raises `WrongCode`, which counts, and `EmailChangeClosed`.
    """
    typed = "".join(code.split()).replace("-", "")
    with transaction.atomic():
        change = _held(Q(open_of_id=member_id))
        is_right = hmac.compare_digest(_code_mac(change.id, typed), change.code_mac)
        if change.new_agreed_at is None:
            change.tries += 1
            if is_right and not _is_taken(change):
                change.new_agreed_at = clock.now()
            elif change.tries >= TRIES:
                _end(change, ChangeOutcome.TOO_MANY_TRIES)
            change.save(update_fields=["tries", "new_agreed_at", "open_of", "outcome"])
            _finish_if_agreed(change)
    # Outside of the transaction, which would forget that the attempt was counted.
    if change.outcome == ChangeOutcome.TOO_MANY_TRIES:
        raise EmailChangeClosed("Five codes were wrong, so this change was stopped. Nothing was changed.")
    if change.new_agreed_at is None:
        left = TRIES - change.tries
        raise WrongCode(f"This is not the code of the newest mail. You can try {left} more times.")
    return change


@transaction.atomic
def agree_old(*, token: str) -> EmailChange:
    """The old address agrees. The address changes if the new one has agreed already; a repeat changes
    nothing. Raises `EmailChangeClosed`.
    """
    change = _held(Q(token_mac=token_mac(token)))
    if change.old_agreed_at is None:
        change.old_agreed_at = clock.now()
        change.save(update_fields=["old_agreed_at"])
        _finish_if_agreed(change)
    return change


def cancel_email_change(*, member_id: UUID) -> None:
    """Nothing is open any more; a repeat changes nothing."""
    EmailChange.objects.filter(open_of_id=member_id).update(open_of=None, outcome=ChangeOutcome.CANCELLED)


@transaction.atomic
def cancel_email_change_by_token(*, token: str) -> None:
    """Whoever reads the old mailbox stopped the change. Raises `EmailChangeClosed`."""
    change = _held(Q(token_mac=token_mac(token)))
    _end(change, ChangeOutcome.CANCELLED)
    change.save(update_fields=["open_of", "outcome"])


def declare_old_lost(*, member_id: UUID) -> EmailChange:
    """The change needs no answer of the old address after 72 hours, unless that address stops it meanwhile:
    it gets a mail with a new link. The new address must have agreed. A repeat changes nothing.

    Raises `EmailChangeClosed`, `InvalidInput`, and `MailNotSent`, after which nothing was changed.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        change = _held(Q(open_of_id=member_id))
        if change.new_agreed_at is None:
            raise InvalidInput("Enter the code that the new address got first.")
        if change.lost_after is not None:
            return change
        change.token_mac = token_mac(token)
        change.save(update_fields=["token_mac"])
    # The three days begin after the warning went out: without one no mailbox may count as silent.
    _send_to_old(change, "users/mail/email_change_lost.txt", token)
    with transaction.atomic():
        change = _held(Q(open_of_id=member_id, token_mac=token_mac(token)))
        change.lost_after = clock.now() + SILENCE
        change.expires_at = change.lost_after + dt.timedelta(days=7)
        change.save(update_fields=["lost_after", "expires_at"])
    return change


def change_of_token(token: str) -> EmailChange:
    """The open change that the link of the old address leads to. Raises `EmailChangeClosed`."""
    found = EmailChange.objects.filter(
        token_mac=token_mac(token), outcome="", expires_at__gt=clock.now()
    ).first()
    if found is None:
        raise _closed()
    return found


def finish_waiting() -> None:
    """Old addresses that kept silent for 72 hours count as lost; what is too old is closed or forgotten."""
    now = clock.now()
    waiting = EmailChange.objects.filter(outcome="", lost_after__lte=now, expires_at__gt=now)
    for change_id in list(waiting.values_list("id", flat=True)):
        with transaction.atomic(), suppress(EmailChangeClosed):
            _finish_if_agreed(_held(Q(id=change_id)))
    EmailChange.objects.filter(outcome="", expires_at__lte=now).update(
        open_of=None, outcome=ChangeOutcome.EXPIRED
    )
    EmailChange.objects.filter(created_at__lt=now - _KEPT_FOR).exclude(outcome="").delete()


def _closed() -> EmailChangeClosed:
    return EmailChangeClosed(
        "It was done, stopped, replaced by a newer one, or it is too old. Your settings show how it is."
    )


def _held(which: Q) -> EmailChange:
    """The open change, which nobody else touches until the transaction ends. Raises `EmailChangeClosed`.

    Its member is locked first, in every transaction, so that no two of them wait for each other.
    """
    found = EmailChange.objects.filter(which, outcome="").values_list("id", "member_id").first()
    if found is not None:
        list(User.objects.select_for_update().filter(id=found[1]).values_list("id"))
        change = EmailChange.objects.select_for_update().filter(which, id=found[0], outcome="").first()
        if change is not None and change.expires_at > clock.now():
            return change
    raise _closed()


def _end(change: EmailChange, outcome: ChangeOutcome) -> None:
    change.open_of, change.outcome = None, outcome


def _close(change_id: UUID, outcome: ChangeOutcome) -> None:
    EmailChange.objects.filter(id=change_id, outcome="").update(open_of=None, outcome=outcome)


def _finish_if_agreed(change: EmailChange) -> None:
    """The address is the new one when everybody who must has agreed, and its other sessions are told."""
    is_silent = change.lost_after is not None and change.lost_after <= clock.now()
    if change.outcome or change.new_agreed_at is None or not (change.old_agreed_at or is_silent):
        return
    is_done = _move(change)
    _end(change, ChangeOutcome.DONE if is_done else ChangeOutcome.TAKEN)
    change.save(update_fields=["open_of", "outcome"])
    if is_done:
        SecurityEvent.objects.create(member_id=change.member_id, kind=SecurityKind.EMAIL_CHANGED)
        publish(EmailChanged(member_id=change.member_id, change_id=change.id))


def _move(change: EmailChange) -> bool:
    """Whether the member has the new address now: somebody else may have taken it meanwhile."""
    if _is_taken(change):
        return False
    try:
        with transaction.atomic():
            User.objects.filter(id=change.member_id).update(email=change.new_email)
            EmailAddress.objects.filter(user_id=change.member_id).delete()
            EmailAddress.objects.create(
                user_id=change.member_id, email=change.new_email, primary=True, verified=True
            )
    except IntegrityError:
        return False
    return True
