"""What follows other facts."""

from beyou.console import filters
from beyou.core.events import reacts_to
from beyou.users.events import UserErased


@reacts_to(UserErased)
def erase_member(event: UserErased) -> None:
    filters.erase_member(member_id=event.member_id)
