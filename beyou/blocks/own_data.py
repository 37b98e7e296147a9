"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from beyou.blocks.models import UserBlock
from beyou.core import personal
from beyou.core.personal import File, declare, json_list

BLOCKS = "blocked-members.json"

declare("blocks.UserBlock", "blocker", "blocked", what="Blocks of yours and against you", copied=BLOCKS)


@personal.part("blocks")
def blocks(member_id: UUID) -> Iterator[File]:
    """Whom the member blocked and why; who blocked the member is that other's secret."""
    rows = UserBlock.objects.filter(blocker_id=member_id).order_by("id")
    yield json_list(BLOCKS, rows.values("blocked__handle", "reason", "created_at").iterator())
