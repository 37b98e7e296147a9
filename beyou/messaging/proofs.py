"""Ledger proofs of a member's messages, asked for here since the ledger cannot know who may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from beyou.core.errors import ApplicationError
from beyou.ledger import queries as ledger
from beyou.messaging.models import Message
from beyou.messaging.queries import Access, message_for
from beyou.messaging.sources import StoredMessages, stored_opening


class NotSealedYet(ApplicationError):
    code, status, title = "not_sealed", 409, "This message is not sealed yet"


@dataclass(frozen=True, slots=True)
class ConversationProofs:
    """Proofs of messages of one conversation. `seqs` maps the messages to their numbers, `openings` the
    removed ones to what the ledger committed to, in hexadecimal.
    """

    proofs: ledger.Proofs
    seqs: dict[UUID, int]
    openings: dict[UUID, str]


def proofs_of(access: Access, *, after: int, limit: int, pinned: int) -> ConversationProofs:
    """The proofs of the first messages behind the number. Seven statements, two more where some were removed.

    `pinned` is the tree size that the asker trusts, 0 for none. Raises `LedgerEmpty`, `NoSuchTreeSize` and
    `LedgerDamaged`.
    """
    rows = Message.objects.filter(conversation_id=access.conversation.id, seq__gt=after).order_by("seq")
    seqs = dict(rows.values_list("id", "seq")[:limit])
    found = ledger.proofs_for(list(seqs), pinned or None)
    removed = [proof.message for proof in found.items if proof.is_removed]
    return ConversationProofs(found, seqs, _openings(removed) if removed else {})


def _openings(message_ids: Sequence[UUID]) -> dict[UUID, str]:
    return {key: opening.encode().hex() for key, opening in StoredMessages().openings(message_ids).items()}


def receipt_for(member_id: UUID, message_id: UUID) -> ledger.Receipt:
    """What the member can keep and check without this server. Raises `NotFound` and `NotSealedYet`."""
    row = message_for(member_id, message_id)
    proofs = ledger.proofs_for([row.id])
    if not proofs.items:
        raise NotSealedYet("Ask again in a moment.")
    if not row.header:
        return ledger.erasure_receipt(proofs.items[0], proofs)
    return ledger.receipt(stored_opening(row), proofs.items[0], proofs)
