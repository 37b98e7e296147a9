"""Writes: conversations and receipts. Accepting messages is in `accept.py`."""

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from beyou.automod.services import check_pace
from beyou.core import events, keyring, limits
from beyou.core.errors import NotFound
from beyou.friends.queries import are_friends
from beyou.keys.queries import active_key_sets
from beyou.messaging import rules
from beyou.messaging.accept import Accepted, Refused, accept_messages
from beyou.messaging.delivery import announce_badge, announce_marks
from beyou.messaging.erasure import begin_erasure, erase_next, is_erasing
from beyou.messaging.errors import NotFriends, TakesNoChats
from beyou.messaging.events import ConversationStarted
from beyou.messaging.models import Conversation, ConversationMember, Mode
from beyou.messaging.queries import Access, conversation_for, direct_conversation, member_by_id, unread_chats
from beyou.messaging.withholding import destroy_withheld, give_back, withhold
from beyou.users.queries import check_reach
from beyou.users.rules import Writers

__all__ = [
    "Accepted",
    "Marks",
    "Refused",
    "Started",
    "accept_messages",
    "begin_erasure",
    "destroy_withheld",
    "erase_next",
    "give_back",
    "is_erasing",
    "mark",
    "start_conversation",
    "withhold",
]


@dataclass(frozen=True, slots=True)
class Started:
    """The conversation of two members; `is_new` when this call made it."""

    conversation: Conversation
    is_new: bool


@dataclass(frozen=True, slots=True)
class Marks:
    """How far a member has received and read a conversation."""

    delivered: int
    read: int


def start_conversation(*, starter_id: UUID, other_id: UUID) -> Started:
    """The two have one direct conversation, end-to-end when both have keys.

    Any number of starters at once get the same one. Raises `NotFound` alike for nobody, oneself, a closed
    account and behind a block, `NotFriends` (`Limited` for whom the staff keep from strangers),
    `TakesNoChats` when there is none yet and the other does not want new ones, `RateLimited`, and
    `NewMemberLimit` for whom the place does not know well.
    """
    other = member_by_id(starter_id, other_id)
    if other is None or other_id == starter_id:
        raise NotFound
    if not are_friends(starter_id, other_id):
        check_reach(starter_id)
        raise NotFriends("Become friends first; then you can write to each other.")
    existing = direct_conversation(starter_id, other_id)
    if existing is not None:
        return Started(existing, is_new=False)
    if other.written_by == Writers.NOBODY:
        raise TakesNoChats("They chose that nobody begins a chat with them. Perhaps they write to you.")
    limits.check("conversations.member", str(starter_id))
    check_pace(member_id=starter_id, act="begun", what="begin a new chat")
    try:
        return Started(_create(starter_id, other_id), is_new=True)
    except IntegrityError:
        # Somebody was faster; that transaction has committed, since the unique key waited for it.
        winner = direct_conversation(starter_id, other_id)
        if winner is None:
            raise
        return Started(winner, is_new=False)


@transaction.atomic
def _create(starter_id: UUID, other_id: UUID) -> Conversation:
    pair = sorted((starter_id, other_id))
    mode = Mode.END_TO_END if len(active_key_sets(pair)) == len(pair) else Mode.STANDARD
    _, wrapped = keyring.new_data_key()
    conversation = Conversation.objects.create(mode=mode, data_key=wrapped)
    # In the order of the key: two starters then collide on the same row first and cannot deadlock.
    for one, peer in (pair, pair[::-1]):
        ConversationMember.objects.create(conversation=conversation, member_id=one, peer_id=peer)
    events.publish(ConversationStarted(conversation_id=conversation.id, starter_id=starter_id))
    return conversation


def mark(*, member_id: UUID, conversation_id: UUID, delivered: int, read: int) -> Marks:
    """The member's marks stand at least here, within the messages that exist; they never go back.

    When they moved, the member's other pages learn it, and the other one while the two can write to each
    other; how far was read only if both show that. Raises `NotFound`.
    """
    access = conversation_for(member_id, conversation_id)
    with transaction.atomic():
        place = ConversationMember.objects.select_for_update().get(pk=access.mine.pk)
        before = (place.delivered_seq, place.read_seq)
        marks = rules.moved_marks(
            delivered=delivered, read=read, last_seq=access.conversation.last_seq, before=before
        )
        if marks != before:
            place.delivered_seq, place.read_seq = marks
            place.save(update_fields=["delivered_seq", "read_seq"])
    if marks != before:
        announce_marks(
            conversation=conversation_id,
            member=member_id,
            delivered=marks[0],
            read=marks[1],
            # Not even a frame without news may tell the other that something was read.
            peer=_told(access) if access.shows_read or marks[0] != before[0] else None,
            shows_read=access.shows_read,
        )
    if marks[1] != before[1]:
        announce_badge(member=member_id, chats=unread_chats(member_id))
    return Marks(*marks)


def _told(access: Access) -> UUID | None:
    """Whom the member's marks concern besides herself."""
    return access.peer.pk if access.is_open else None
