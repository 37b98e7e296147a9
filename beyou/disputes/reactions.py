"""What follows other facts, and what returns by itself."""

import datetime as dt

from beyou.core import personal
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.disputes import services
from beyou.users.events import UserErased


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    services.leave(member_id=event.member_id)
    services.forget(member_id=event.member_id)
    personal.erase_rows("disputes", event.member_id)


@every(dt.timedelta(minutes=10))
def escalate_due() -> None:
    services.escalate_due()
