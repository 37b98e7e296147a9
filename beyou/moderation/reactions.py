"""What follows decisions, and what returns by itself."""

import datetime as dt

from beyou.core import mail
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.moderation import queries, services
from beyou.moderation.events import SanctionMoved
from beyou.moderation.rules import LIMITED
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.users.events import UserErased
from beyou.users.http import DECISIONS


@reacts_to(SanctionMoved)
def tell_member(event: SanctionMoved) -> None:
    notify(member_id=event.member_id, kind=Kind.DECISION, target=DECISIONS)


@reacts_to(SanctionMoved)
def mail_member(event: SanctionMoved) -> None:
    """Who is suspended reads no notices. Raises `MailNotSent`, after which the outbox tries again."""
    row = queries.sanction_of(event.sanction_id)
    if row is not None and row.member.is_present:
        context = {"what": event.what, "row": row, "words": queries.words_of(row), "limited": LIMITED}
        mail.send("moderation/mail/decision.txt", row.member.email, context)


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    services.erase_member(member_id=event.member_id)


@every(dt.timedelta(minutes=5))
def end_due() -> None:
    services.end_due()
