"""What becomes of blocks when a member erased their account."""

from beyou.core import personal
from beyou.core.events import reacts_to
from beyou.users.events import UserErased


@reacts_to(UserErased)
def erase_blocks(event: UserErased) -> None:
    personal.erase_rows("blocks", event.member_id)
