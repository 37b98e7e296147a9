"""What follows decisions, and what returns by itself."""

import datetime as dt

from beyou.core import mail
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.users.events import UserErased
from beyou.users.queries import members_by_id
from beyou.verification import queries, services
from beyou.verification.events import DecisionMade, VerificationSettled


@reacts_to(DecisionMade)
def settle_decision(event: DecisionMade) -> None:
    services.settle(decision_id=event.decision_id)


@reacts_to(VerificationSettled)
def mail_decision(event: VerificationSettled) -> None:
    """Raises `MailNotSent`, after which the outbox tries again."""
    decision = queries.decision_by_id(event.decision_id)
    member = members_by_id([event.member_id]).get(event.member_id)
    if decision is not None and member is not None and member.is_active:
        context = {"verdict": event.verdict, "words": queries.words_of(decision), "note": decision.note}
        mail.send("verification/mail/decision.txt", member.email, context)


@reacts_to(UserErased)
def erase_requests(event: UserErased) -> None:
    services.erase_member(member_id=event.member_id)


@every(dt.timedelta(hours=1))
def delete_due_documents() -> None:
    while services.delete_due_documents():
        pass
