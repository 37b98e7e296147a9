"""Erasing what a member wrote who erased their account: in batches, each whole, each safe to repeat."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from beyou.core import clock
from beyou.keys.services import forget_keys
from beyou.ledger.format import Reason
from beyou.ledger.services import erase_messages
from beyou.messaging.delivery import announce_change
from beyou.messaging.locks import lock_conversations
from beyou.messaging.models import (
    ConversationMember,
    DeviceChain,
    Message,
    MessageWrap,
    Mode,
    PendingErasure,
    Withheld,
)

BATCH = 500
#: How long what is not sealed yet is left alone.
UNSEALED_MS = 5_000


def begin_erasure(*, member_id: UUID) -> None:
    """Every conversation of the member is on the list of what is to be erased; a repeat changes nothing."""
    conversations = ConversationMember.objects.filter(member_id=member_id).order_by("conversation_id")
    rows = [
        PendingErasure(conversation_id=conversation, member_id=member_id)
        for conversation in conversations.values_list("conversation_id", flat=True)
    ]
    PendingErasure.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)


def is_erasing(member_id: UUID) -> bool:
    return PendingErasure.objects.filter(member_id=member_id).exists()


def erase_next() -> bool:
    """One batch is erased in one transaction; False when nothing is due.

    Any number of processes may call it, and each may die at any moment: the next call goes on.
    """
    due = PendingErasure.objects.filter(due_ms__lte=clock.now_ms()).order_by("due_ms", "id")
    pending = due.first()
    if pending is None:
        return False
    with transaction.atomic():
        lock_conversations([pending.conversation_id])
        row = PendingErasure.objects.filter(id=pending.id).first()
        others = _erase_batch(row) if row is not None else ()
    if others:
        announce_change(conversation=pending.conversation_id, to=others)
    return True


def _erase_batch(row: PendingErasure) -> Sequence[UUID]:
    """Returns whom to tell: the other members of the conversation, when something was erased."""
    found = Message.objects.filter(conversation_id=row.conversation_id, seq__gt=row.done_seq).order_by("seq")
    batch = list(found.values_list("id", "seq", "sender_id")[:BATCH])
    own = [message for message, _, sender in batch if sender == row.member_id]
    unsealed = erase_messages(own, reason=Reason.ACCOUNT).unsealed if own else frozenset()
    gone = [message for message in own if message not in unsealed]
    _destroy(gone, [message for message, _, _ in batch], row.member_id)
    first_unsealed = min((seq for message, seq, _ in batch if message in unsealed), default=None)
    if first_unsealed is not None:
        row.done_seq, row.due_ms = first_unsealed - 1, clock.now_ms() + UNSEALED_MS
        row.save(update_fields=["done_seq", "due_ms"])
    elif len(batch) == BATCH:
        row.done_seq = batch[-1][1]
        row.save(update_fields=["done_seq"])
    else:
        _finish(row)
    if not gone:
        return ()
    places = ConversationMember.objects.filter(conversation_id=row.conversation_id)
    return list(places.exclude(member_id=row.member_id).values_list("member_id", flat=True))


def _destroy(gone: Sequence[UUID], batch: Sequence[UUID], member_id: UUID) -> None:
    """Of these messages only their place is left, and nothing is sealed to the member any more."""
    Withheld.objects.filter(message_id__in=gone).delete()
    Message.objects.filter(id__in=gone).update(header=b"", body=b"", signature=b"", stamp=b"")
    MessageWrap.objects.filter(Q(message_id__in=gone) | Q(message_id__in=batch, member_id=member_id)).delete()


def _finish(row: PendingErasure) -> None:
    # Nobody can write here any more, so no browser goes on from these.
    DeviceChain.objects.filter(conversation_id=row.conversation_id).delete()
    row.delete()
    if not is_erasing(row.member_id) and not _are_keys_needed(row.member_id):
        forget_keys(member_id=row.member_id)


def _are_keys_needed(member_id: UUID) -> bool:
    """Whether others sealed messages to the member: their signed headers name these keys, and checking
    them needs the keys in use.
    """
    conversations = ConversationMember.objects.filter(member_id=member_id).values("conversation_id")
    sealed = Message.objects.filter(conversation_id__in=conversations, mode=Mode.END_TO_END)
    return sealed.exclude(sender_id=member_id).exists()
