"""What follows other facts, and what returns by itself."""

import datetime as dt

from beyou.automod import services
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.users.events import UserErased


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    services.erase_member(member_id=event.member_id)


@every(dt.timedelta(hours=6))
def forget_old() -> None:
    while services.forget_old():
        pass
