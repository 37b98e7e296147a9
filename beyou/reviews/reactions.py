"""What follows deliveries and the time."""

import datetime as dt

from beyou.core import personal
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.orders.events import PartMoved
from beyou.orders.rules import State
from beyou.reviews import services
from beyou.users.events import UserErased


@reacts_to(PartMoved)
def open_exchange(event: PartMoved) -> None:
    if event.state == State.DELIVERED:
        services.open_exchange(part_id=event.part_id)


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    services.erase_words(member_id=event.member_id)
    personal.erase_rows("reviews", event.member_id)


@every(dt.timedelta(minutes=10))
def end_exchanges() -> None:
    services.remind_due()
    services.show_due()
