"""What follows the commit: frames to the sockets of the members. A hint; numbers repair what is lost."""

from collections.abc import Iterable
from uuid import UUID

import orjson

from beyou.core.ports import realtime
from beyou.messaging.accept import Accepted, Refused
from beyou.messaging.wire import accepted_message


def announce(results: Iterable[Accepted | Refused]) -> None:
    """Every socket of the members gets each new message; each frame is encoded once."""
    for each in results:
        if isinstance(each, Accepted) and not each.is_repeat:
            frame = {
                "type": "message.new",
                "conversation": str(each.conversation),
                "seq": each.seq,
                "message": accepted_message(each),
            }
            _publish(each.recipients, frame)


def announce_marks(
    *, conversation: UUID, member: UUID, delivered: int, read: int, peer: UUID | None, shows_read: bool
) -> None:
    """The member's own tabs and the peer see how far the member has received and, if it shows, read."""
    frame = {
        "type": "receipt",
        "conversation": str(conversation),
        "member": str(member),
        "delivered": delivered,
        "read": read,
    }
    if peer is not None and shows_read:
        _publish([member, peer], frame)
        return
    _publish([member], frame)
    if peer is not None:
        _publish([peer], frame | {"read": 0})


def announce_typing(*, conversation: UUID, member: UUID, to: UUID) -> None:
    """The other one sees that the member writes."""
    _publish([to], {"type": "typing", "conversation": str(conversation), "member": str(member)})


def announce_change(*, conversation: UUID, to: Iterable[UUID]) -> None:
    """Open pages ask again for the messages that they show."""
    _publish(to, {"type": "message.changed", "conversation": str(conversation)})


def announce_badge(*, member: UUID, chats: int) -> None:
    """The member's other tabs show how many chats are unread."""
    _publish([member], {"type": "badge", "chats": chats})


def _publish(members: Iterable[UUID], frame: dict[str, object]) -> None:
    realtime.publish([realtime.member_room(member) for member in members], orjson.dumps(frame))
