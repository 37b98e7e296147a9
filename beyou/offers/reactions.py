"""What blocks and erasures do to offers, and what returns by itself."""

import datetime as dt

from beyou.blocks.events import UserBlocked
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.offers import services
from beyou.users.events import UserErased


@reacts_to(UserBlocked)
def end_offers(event: UserBlocked) -> None:
    services.end_between(one_id=event.blocker_id, other_id=event.blocked_id)


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    services.erase_member(member_id=event.member_id)


@every(dt.timedelta(minutes=1))
def sweep_offers() -> None:
    services.sweep()
