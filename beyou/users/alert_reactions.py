"""What follows sign-ins: the rules look at each, whom they concern is told, and old records go."""

import datetime as dt
from contextlib import suppress
from uuid import UUID

from beyou.core import clock, limits, mail
from beyou.core.errors import RateLimited
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.users import queries, retention, threats
from beyou.users.events import AccountDisowned, AlertRaised, SignInRecorded
from beyou.users.models import ThreatAlert


@reacts_to(SignInRecorded)
def look_at_sign_in(event: SignInRecorded) -> None:
    threats.look_at(event.activity_id)


@reacts_to(AlertRaised)
def mail_alert(event: AlertRaised) -> None:
    """One mail to one person. Staff get so many an hour: in an attack on all accounts the page of alerts has
    the rest.
    """
    alert = ThreatAlert.objects.select_related("member").filter(id=event.alert_id).first()
    person = queries.member_of(event.recipient_id)
    if alert is None or person is None:
        return
    with suppress(RateLimited):
        if event.is_staff:
            limits.check("alerts.staff", str(person.pk))
        context = {"alert": alert, "what": alert.text, "is_staff": event.is_staff}
        mail.send("users/mail/alert.txt", person.email, context)


@reacts_to(AccountDisowned)
def mail_disowned(event: AccountDisowned) -> None:
    _tell(event.member_id, "users/mail/disowned.txt")


def _tell(member_id: UUID, template: str) -> None:
    member = queries.member_of(member_id)
    if member is not None:
        mail.send(template, member.email, {"at": clock.now()})


@every(dt.timedelta(seconds=30))
def look_for_abandoned() -> None:
    threats.look_for_abandoned()


@every(dt.timedelta(days=1))
def forget_old_records() -> None:
    retention.forget_old()
