"""What blocks do to friendships."""

from beyou.blocks.events import UserBlocked
from beyou.core.events import reacts_to
from beyou.friends import services


@reacts_to(UserBlocked)
def part_after_block(event: UserBlocked) -> None:
    services.part(one_id=event.blocker_id, other_id=event.blocked_id)
