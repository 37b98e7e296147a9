"""What happens in chats when a member erased their account."""

from beyou.core import work
from beyou.core.events import reacts_to
from beyou.messaging import services
from beyou.users.events import UserErased

work.worker(services.erase_next)


@reacts_to(UserErased)
def erase_messages_of(event: UserErased) -> None:
    services.begin_erasure(member_id=event.member_id)
