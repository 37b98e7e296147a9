"""What blocks and erasures do to friendships."""

from beyou.blocks.events import UserBlocked
from beyou.core import personal
from beyou.core.events import reacts_to
from beyou.friends import services
from beyou.users.events import UserErased


@reacts_to(UserBlocked)
def part_after_block(event: UserBlocked) -> None:
    services.part(one_id=event.blocker_id, other_id=event.blocked_id)


@reacts_to(UserErased)
def erase_friendships(event: UserErased) -> None:
    personal.erase_rows("friends", event.member_id)
