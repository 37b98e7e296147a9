"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q

from beyou.core import personal
from beyou.core.personal import File, declare, json_file, json_list
from beyou.friends.models import FriendRequest, Friendship

FRIENDS, REQUESTS = "friends/friends.json", "friends/requests.json"

declare("friends.Friendship", "first", "second", what="Your friendships", copied=FRIENDS)
declare("friends.FriendRequest", "sender", "receiver", what="Friend requests", copied=REQUESTS)


@personal.part("friends")
def friends(member_id: UUID) -> Iterator[File]:
    yield json_list(FRIENDS, _friends(member_id))
    asked = FriendRequest.objects.filter(sender_id=member_id).order_by("id")
    asks = FriendRequest.objects.filter(receiver_id=member_id).order_by("id")
    yield json_file(
        REQUESTS,
        {
            "you_asked": list(asked.values("receiver__handle", "created_at")),
            "asked_you": list(asks.values("sender__handle", "created_at")),
        },
    )


def _friends(member_id: UUID) -> Iterator[dict[str, object]]:
    rows = Friendship.objects.filter(Q(first_id=member_id) | Q(second_id=member_id)).order_by("id")
    for row in rows.select_related("first", "second").iterator():
        other = row.second if row.first_id == member_id else row.first
        yield {"handle": other.handle, "name": other.name, "since": row.created_at}
