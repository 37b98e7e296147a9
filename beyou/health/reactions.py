"""Looking at the checks again and again, and what follows."""

import datetime as dt

from beyou.core import mail, work
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.health import queries, rules, services, webhook
from beyou.health.events import HealthChanged
from beyou.users import queries as users

work.worker(webhook.do_next_delivery)


@every(dt.timedelta(minutes=1))
def look_at_quick_checks() -> None:
    services.look([name for name in rules.TITLES if name not in rules.SLOW])


@every(dt.timedelta(minutes=10))
def look_at_slow_checks() -> None:
    services.look(rules.SLOW)


@every(dt.timedelta(days=1))
def forget_old() -> None:
    services.forget_old()


@reacts_to(HealthChanged)
def mail_owner(event: HealthChanged) -> None:
    alert = queries.alert(event.alert_id)
    owner = users.member_of(event.recipient_id)
    if alert is None or owner is None:
        return
    context = {"alert": alert, "severity": event.severity, "is_resolved": event.is_resolved}
    mail.send("health/mail/alert.txt", owner.email, context)
