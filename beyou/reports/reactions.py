"""What follows other facts, and what returns by itself."""

import datetime as dt

from beyou.automod.events import Found
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.moderation.events import SanctionMoved
from beyou.reports import services
from beyou.users.events import UserErased


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    services.erase_member(member_id=event.member_id)


@reacts_to(Found)
def report_finding(event: Found) -> None:
    services.report_finding(finding_id=event.finding_id)


@reacts_to(SanctionMoved)
def put_back(event: SanctionMoved) -> None:
    services.put_back(sanction_id=event.sanction_id)


@every(dt.timedelta(hours=6))
def forget_old() -> None:
    while services.forget_old():
        pass
    while services.forget_removed():
        pass
