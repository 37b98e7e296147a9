"""Messages that the staff removed: withheld from their members, never destroyed before their time.

The body leaves the row of the message, so that nothing that reads messages can show it, and waits beside it.
What the ledger sealed stays as it was: the message was sent, and the staff removed it.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction

from beyou.core import clock
from beyou.ledger.services import record_removals
from beyou.messaging.accept import stored_body
from beyou.messaging.delivery import announce_change
from beyou.messaging.envelope import body_digest
from beyou.messaging.errors import Irremovable
from beyou.messaging.locks import lock_conversations
from beyou.messaging.models import ConversationMember, Message, Withheld


@transaction.atomic
def withhold(*, message_ids: Sequence[UUID], sender_id: UUID, why: str) -> None:
    """Nobody can read these messages of the sender any more; in their place stands that the staff removed
    them, and why. The ledger says so, and open pages of the members look again. A fixed number of statements.

    Raises `Irremovable` when one of them is gone, removed already, altered, or somebody else's; then nothing
    is changed.
    """
    rows = _locked(message_ids)
    if len(rows) < len(set(message_ids)) or any(row.sender_id != sender_id for row in rows):
        raise Irremovable("A message is not there any more, or somebody else wrote it. Nothing was changed.")
    if any(not row.header for row in rows):
        raise Irremovable("A message was erased with the account of its author. Nothing was changed.")
    if Withheld.objects.filter(message__in=rows).exists():
        raise Irremovable("A message is removed already. Nothing was changed.")
    Withheld.objects.bulk_create(_withheld(row, why) for row in rows)
    Message.objects.filter(id__in=[row.pk for row in rows]).update(body=b"")
    record_removals([row.pk for row in rows], words=why)
    _announce(rows)


@transaction.atomic
def give_back(*, message_ids: Sequence[UUID]) -> int:
    """Those of these messages that are withheld, and whose content is still there, can be read as before; the
    ledger says that they were put back. Returns how many they are; a repeat changes nothing.
    """
    held = Withheld.objects.filter(message__in=_locked(message_ids)).exclude(body=b"")
    found = list(held.select_related("message"))
    for each in found:
        each.message.body = bytes(each.body)
    rows = [each.message for each in found]
    if rows:
        Message.objects.bulk_update(rows, ["body"])
        Withheld.objects.filter(message__in=rows).delete()
        record_removals([row.pk for row in rows], words="")
        _announce(rows)
    return len(rows)


def destroy_withheld(*, message_ids: Sequence[UUID]) -> None:
    """What these messages said is gone for good; that they were sent and removed can still be proven."""
    Withheld.objects.filter(message_id__in=message_ids).update(body=b"")


def _locked(message_ids: Sequence[UUID]) -> list[Message]:
    """The messages that exist, with their conversations locked."""
    rows = Message.objects.filter(id__in=message_ids)
    lock_conversations(set(rows.values_list("conversation_id", flat=True)))
    return list(rows.select_related("conversation").order_by("id"))


def _withheld(row: Message, why: str) -> Withheld:
    body = stored_body(row, row.conversation.data_key)
    if body is None:
        raise Irremovable("A message was altered in the database. Let the ledger be verified first.")
    return Withheld(
        message=row,
        why=why,
        at_ms=clock.now_ms(),
        digest=body_digest(bytes(row.header), body),
        body=bytes(row.body),
    )


def _announce(rows: Iterable[Message]) -> None:
    """Open pages look again once it is committed."""
    keys = {row.conversation_id for row in rows}
    places = ConversationMember.objects.filter(conversation_id__in=keys)
    told: dict[UUID, list[UUID]] = {key: [] for key in keys}
    for key, member_id in places.values_list("conversation_id", "member_id"):
        told[key].append(member_id)

    def announce() -> None:
        for key, members in told.items():
            announce_change(conversation=key, to=members)

    transaction.on_commit(announce)
