"""What follows the time and the end of a member."""

import datetime as dt

from beyou.analytics import services
from beyou.core import personal
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.users.events import UserErased


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    personal.erase_rows("analytics", event.member_id)


@every(dt.timedelta(minutes=15))
def count_days() -> None:
    services.roll_up()
