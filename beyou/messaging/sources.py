"""Shows the ledger what its message entries should say, from the rows as they are now."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from uuid import UUID

from beyou.core import keyring
from beyou.ledger.format import ZEROS, Opening
from beyou.ledger.format import Mode as LedgerMode
from beyou.messaging import envelope, queries, rules
from beyou.messaging.accept import stored_body
from beyou.messaging.models import Message, Mode


class StoredMessages:
    """The ledger's `MessageSource`; each method is one statement."""

    def openings(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Opening]:
        rows = Message.objects.filter(id__in=message_ids).select_related("conversation", "withheld")
        # An erased message says nothing any more.
        return {row.id: stored_opening(row) for row in rows if row.header}

    def message_ids(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        rows = Message.objects.order_by("id")
        if after is not None:
            rows = rows.filter(id__gt=after)
        return list(rows.values_list("id", flat=True)[:limit])

    def withheld(self, message_ids: Sequence[UUID]) -> Collection[UUID]:
        return queries.removed_among(message_ids).keys()


def stored_opening(row: Message) -> Opening:
    """What the row says today. An altered row gives an opening that its sealed entry does not fit.

    The ids and the number come from the columns, the rest from the envelope, so that neither can be
    changed alone. The time of receipt is in no opening; the server's stamp holds it.
    """
    header, signature = bytes(row.header), bytes(row.signature)
    digest = _digest(row, header) if _is_intact(row) else None
    try:
        created_ms = envelope.Header.parse(header).created_ms
    except envelope.EnvelopeError:
        created_ms = 0
    return Opening(
        mode=LedgerMode.END_TO_END if row.mode == LedgerMode.END_TO_END else LedgerMode.STANDARD,
        message=row.id,
        conversation=row.conversation_id,
        sender=row.sender_id,
        conv_seq=max(row.seq, 0),
        created_ms=created_ms,
        body=ZEROS if digest is None else digest,
        signature=sha256(signature).digest() if signature else ZEROS,
    )


def _digest(row: Message, header: bytes) -> bytes | None:
    """Of the body, also while it is withheld; once that is gone for good, as it was when it was removed."""
    withheld = getattr(row, "withheld", None)
    if withheld is not None:
        if not withheld.body:
            return bytes(withheld.digest)
        row.body = withheld.body
    body = stored_body(row, row.conversation.data_key)
    return None if body is None else envelope.body_digest(header, body)


def _is_intact(row: Message) -> bool:
    """Whether the mode is one there is, and this server took this header at the time that the row names."""
    if row.mode not in Mode.values:
        return False
    stamp = rules.stamp_bytes(header=bytes(row.header), received_ms=max(row.received_ms, 0))
    return compare_digest(keyring.mac(b"stamp", stamp), bytes(row.stamp))
