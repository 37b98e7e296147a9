"""The steps between two members. Each may be repeated: a double click does what one click does."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from beyou.blocks.queries import blocked_between
from beyou.core import limits
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.events import publish
from beyou.friends import queries, rules
from beyou.friends.errors import RelationChanged, TakesNoRequests
from beyou.friends.events import FriendshipEnded, FriendshipMade
from beyou.friends.models import FriendRequest, Friendship
from beyou.friends.rules import Relation, Step
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify, withdraw
from beyou.users.queries import check_reach, lock_members


def take(*, member_id: UUID, other_id: UUID, step: Step) -> Relation:
    """How the other stands to the member after the step; the other is told of requests and acceptances.

    Of two members who take a step at once one comes first, whichever engine. Raises `InvalidInput` for
    oneself, `NotFound` behind a block, `RelationChanged` when there is nothing to answer any more,
    `TakesNoRequests` when the other does not want to be asked, `Limited` for whom the staff keep from asking,
    and `RateLimited` for too many requests. The caller has found the other through `queries.profile_for`.
    """
    if member_id == other_id:
        raise InvalidInput("That is you.")
    if step is Step.REQUEST:
        limits.check("friends.member", str(member_id))
    with transaction.atomic():
        lock_members([member_id, other_id])
        if blocked_between(member_id, [other_id]):
            raise NotFound
        before = queries.relations_to(member_id, [other_id])[other_id]
        now = rules.after(before, step)
        if now is None:
            raise RelationChanged
        if now is Relation.ASKED and before is Relation.NONE and not queries.may_ask(member_id, other_id):
            raise TakesNoRequests("They chose who may ask them. Perhaps they ask you.")
        if now is Relation.ASKED and before is Relation.NONE:
            check_reach(member_id)
        if now is not before:
            _change(member_id, other_id, before, now)
    return now


def part(*, one_id: UUID, other_id: UUID) -> None:
    """The two are neither friends nor asking, as after a block. Nobody is told."""
    with transaction.atomic():
        lock_members([one_id, other_id])
        _end(one_id, other_id)
        _forget_requests(one_id, other_id)


def _change(member_id: UUID, other_id: UUID, before: Relation, now: Relation) -> None:
    if now is Relation.ASKED:
        FriendRequest.objects.create(sender_id=member_id, receiver_id=other_id)
        notify(member_id=other_id, kind=Kind.FRIEND_REQUEST, actor_id=member_id)
        return
    _forget_requests(member_id, other_id)
    if now is Relation.FRIEND:
        first, second = queries.pair(member_id, other_id)
        Friendship.objects.create(first_id=first, second_id=second)
        publish(FriendshipMade(first, second))
        notify(member_id=other_id, kind=Kind.FRIEND_ACCEPTED, actor_id=member_id)
    elif before is Relation.FRIEND:
        _end(member_id, other_id)


def _forget_requests(one_id: UUID, other_id: UUID) -> None:
    FriendRequest.objects.filter(
        Q(sender_id=one_id, receiver_id=other_id) | Q(sender_id=other_id, receiver_id=one_id)
    ).delete()
    for member_id, actor_id in ((one_id, other_id), (other_id, one_id)):
        withdraw(member_id=member_id, kind=Kind.FRIEND_REQUEST, actor_id=actor_id)


def _end(one_id: UUID, other_id: UUID) -> None:
    first, second = queries.pair(one_id, other_id)
    if Friendship.objects.filter(first_id=first, second_id=second).delete()[0]:
        publish(FriendshipEnded(first, second))
