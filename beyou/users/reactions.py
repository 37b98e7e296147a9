"""What follows facts about accounts: mail to those whom they concern; and what returns by itself."""

import datetime as dt
from uuid import UUID

from beyou.core import clock, mail
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.users import account_recovery, email_change, handles, identities, joining, queries, resets
from beyou.users.events import (
    AccessTokenCreated,
    EmailChanged,
    FactorsChanged,
    IdentityKnocked,
    IdentityLinked,
    IdentityUnlinked,
    JoiningAnswered,
    PasswordChanged,
    RecoveryAsked,
    RecoveryEnded,
    RecoveryReady,
    ResetAsked,
    ResetDied,
)
from beyou.users.rules import RecoveryState, SecurityKind
from beyou.users.scopes import MEANING, Scope
from beyou.users.services import note_security


@reacts_to(AccessTokenCreated)
def mail_about_token(event: AccessTokenCreated) -> None:
    """The owner learns of a token that somebody made with the account. Raises `MailNotSent`."""
    token = queries.token_of(event.member_id, event.token_id)
    if token is None:
        return
    context = {
        "name": token.name,
        "prefix": token.prefix,
        "expires": token.expires_at,
        "can": [MEANING[Scope(scope)] for scope in token.scopes.split()],
    }
    mail.send("users/mail/token_made.txt", token.member.email, context)


#: What the mail to the owner says.
CHANGES = {
    "app_added": "An authenticator app was added",
    "app_removed": "The authenticator app was removed",
    "passkey_added": "A passkey was added",
    "passkey_removed": "A passkey was removed",
    "recovery_codes_made": "New recovery codes were made",
    "recovery_code_used": "A recovery code was used",
}


@reacts_to(JoiningAnswered)
def mail_about_joining(event: JoiningAnswered) -> None:
    """Who waited learns how it ended. Raises `MailNotSent`."""
    address = queries.address_of(event.member_id)
    if address:
        answer = "" if event.is_let_in else joining.answer_of(event.member_id)
        context = {"is_let_in": event.is_let_in, "answer": answer, "days": joining.REFUSED_FOR.days}
        mail.send("users/mail/joining.txt", address, context)


@every(dt.timedelta(hours=1))
def erase_refused() -> None:
    joining.erase_refused()


@reacts_to(FactorsChanged)
def tell_owner(event: FactorsChanged) -> None:
    address = queries.email_of(event.member_id)
    if address:
        mail.send("users/mail/factor.txt", address, {"change": CHANGES[event.change]})


@reacts_to(IdentityLinked)
def mail_about_link(event: IdentityLinked) -> None:
    """The owner learns that another sign-in opens the account."""
    _tell_about_identity(event.member_id, event.issuer, is_linked=True)


@reacts_to(IdentityUnlinked)
def mail_about_unlink(event: IdentityUnlinked) -> None:
    """The owner learns that it opens the account no more."""
    _tell_about_identity(event.member_id, event.issuer)


@reacts_to(IdentityKnocked)
def mail_about_knock(event: IdentityKnocked) -> None:
    """The owner learns how to connect it, if it was the owner."""
    _tell_about_identity(event.member_id, event.issuer, template="users/mail/identity_knocked.txt")


def _tell_about_identity(
    member_id: UUID, issuer: str, *, is_linked: bool = False, template: str = "users/mail/identity.txt"
) -> None:
    member = queries.members_by_id([member_id]).get(member_id)
    if member is not None:
        mail.send(template, member.email, {"name": identities.name_of(issuer), "is_linked": is_linked})


@reacts_to(EmailChanged)
def tell_both_mailboxes(event: EmailChanged) -> None:
    change = queries.email_change(event.change_id)
    if change is not None:
        addresses = {"old_email": change.old_email, "new_email": change.new_email}
        for address in addresses.values():
            mail.send("users/mail/email_changed.txt", address, addresses)


@every(dt.timedelta(minutes=1))
def finish_email_changes() -> None:
    email_change.finish_waiting()


@every(dt.timedelta(days=1))
def free_held_handles() -> None:
    handles.forget_expired()


@reacts_to(ResetAsked)
def mail_link(event: ResetAsked) -> None:
    member = resets.member_to_reset(event.sealed_email)
    if member is not None:
        note_security(member_id=member.pk, kind=SecurityKind.PASSWORD_RESET_ASKED)
        mail.send("users/mail/reset.txt", member.email, {"token": resets.new_link(member), "member": member})


@reacts_to(ResetDied)
def warn_of_tries(event: ResetDied) -> None:
    _tell(event.member_id, "users/mail/reset_died.txt")


@reacts_to(PasswordChanged)
def tell_of_password(event: PasswordChanged) -> None:
    _tell(event.member_id, "users/mail/password_changed.txt", how=event.how)


@every(dt.timedelta(hours=6))
def forget_old_links() -> None:
    resets.forget_old()


@reacts_to(RecoveryAsked)
def warn_of_recovery(event: RecoveryAsked) -> None:
    token = account_recovery.new_cancel_token(event.recovery_id)
    if token is not None:
        _tell(event.member_id, "users/mail/recovery_asked.txt", token=token)


@reacts_to(RecoveryReady)
def mail_recovery_link(event: RecoveryReady) -> None:
    token = account_recovery.new_link_token(event.recovery_id)
    if token is not None:
        _tell(event.member_id, "users/mail/recovery_ready.txt", token=token)


@reacts_to(RecoveryEnded)
def tell_of_end(event: RecoveryEnded) -> None:
    if event.state != RecoveryState.USED:
        answer = queries.recovery_answer(event.recovery_id)
        _tell(event.member_id, "users/mail/recovery_ended.txt", state=event.state, answer=answer)


@every(dt.timedelta(minutes=1))
def release_recoveries() -> None:
    account_recovery.release_due()


def _tell(member_id: UUID, template: str, **values: object) -> None:
    """Mails the owner, unless the account is gone."""
    member = queries.member_of(member_id)
    if member is not None:
        mail.send(template, member.email, {"member": member, "at": clock.now()} | values)
