"""What follows facts about accounts: mail to those whom they concern; and what returns by itself."""

import datetime as dt

from beyou.core import mail
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.users import email_change, handles, queries
from beyou.users.events import AccessTokenCreated, EmailChanged
from beyou.users.scopes import MEANING, Scope


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
