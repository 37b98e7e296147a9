"""What follows facts about accounts: mail to those whom they concern."""

from beyou.core import mail
from beyou.core.events import reacts_to
from beyou.users import queries
from beyou.users.events import AccessTokenCreated
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
