"""Live frames about requests: hints after the commit, after which pages ask again."""

from uuid import UUID

import orjson
from django.db import transaction

from beyou.core.ports import realtime
from beyou.users import queries as users
from beyou.users.rules import Level
from beyou.verification.queries import is_verified


def tell(member_id: UUID) -> None:
    """After the commit the member's pages learn that something changed, and the queues that reviewers
    have open.
    """

    def publish() -> None:
        frame = {"type": "verification", "is_verified": is_verified(member_id)}
        realtime.publish([realtime.member_room(member_id)], orjson.dumps(frame))
        realtime.publish(users.staff_rooms(Level.VERIFIER), orjson.dumps({"type": "queue"}))

    transaction.on_commit(publish)
