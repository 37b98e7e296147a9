"""What erasures do to offers, and what returns by itself."""

import datetime as dt

from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.marketplace import services
from beyou.users.events import UserErased


@reacts_to(UserErased)
def erase_offers(event: UserErased) -> None:
    services.erase_member(member_id=event.member_id)


@every(dt.timedelta(minutes=1))
def sweep_holds() -> None:
    services.sweep()


@every(dt.timedelta(seconds=20))
def tell_of_new_items() -> None:
    services.match_new()
