"""What becomes of the keys of a member who erased their account."""

from beyou.core.events import reacts_to
from beyou.keys import services
from beyou.users.events import UserErased


@reacts_to(UserErased)
def forget_history(event: UserErased) -> None:
    services.forget_history(member_id=event.member_id)
