"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from beyou.core import clock, personal
from beyou.core.personal import Fate, File, declare, json_file
from beyou.ledger import queries as ledger
from beyou.ledger.errors import LedgerDamaged, LedgerEmpty
from beyou.messaging import wire
from beyou.messaging.erasure import is_erasing
from beyou.messaging.models import Message
from beyou.messaging.queries import Access, MessageRow, all_conversations, messages_after, wraps_for
from beyou.messaging.sources import stored_opening

AT_ONCE = 500

declare(
    *("messaging.Message", "sender"),
    what="Messages you wrote",
    fate=Fate.EMPTIED,
    why="Of each only number and time are left, under a random id, so that others can still check their"
    " conversation. Text, signature and what ties it to the ledger are destroyed.",
    copied="conversations/",
)
declare(
    *("messaging.ConversationMember", "member", "peer"),
    what="Your places in conversations",
    fate=Fate.KEPT,
    why="The other member keeps the conversation with what they wrote; you stand in it as “Deleted member”.",
    copied="conversations/",
)
declare("messaging.MessageWrap", "member", what="Message keys sealed to you", copied="conversations/")
declare(
    *("messaging.Withheld", "message__sender"),
    what="What messages of yours said that the staff removed",
    not_copied="It is kept aside for an objection; the decision says what was removed and why.",
)
declare(
    *("messaging.PendingErasure", "member"),
    what="The list of what an erasure has still to do",
    not_copied="There is nothing on it before the account is erased.",
)

personal.unfinished(is_erasing)


def _size(member_id: UUID) -> int:
    return sum(1 + access.conversation.last_seq for access in all_conversations(member_id))


@personal.part("conversations", size=_size)
def conversations(member_id: UUID) -> Iterator[File]:
    """Every conversation as the member may see it, in files of some hundred messages, with their proofs."""
    for number, access in enumerate(all_conversations(member_id), start=1):
        folder = f"conversations/{number:04}-{access.peer.handle}"
        yield json_file(f"{folder}/conversation.json", _about(access))
        after, page = 0, 0
        while rows := messages_after(access.conversation.id, after, limit=AT_ONCE).messages:
            page, after = page + 1, rows[-1].seq
            yield json_file(f"{folder}/messages-{page:04}.json", _messages(access, rows), units=len(rows))
            receipts = _receipts(rows)
            if receipts is not None:
                yield json_file(f"{folder}/receipts-{page:04}.json", receipts, units=0)


def _about(access: Access) -> dict[str, Any]:
    return {
        "id": access.conversation.id,
        "with": {"id": access.peer.pk, "handle": access.peer.handle, "name": access.peer.name},
        "messages": access.conversation.last_seq,
        "read_up_to": access.mine.read_seq,
        "started": clock.from_ms(access.conversation.created_ms),
    }


def _messages(access: Access, rows: Sequence[MessageRow]) -> list[dict[str, Any]]:
    """Readable text in standard mode; end to end the envelope, which only the member's keys open."""
    wraps = wraps_for(access.mine.member_id, rows)
    return [
        _message(access, wire.stored_message(row, access.conversation, wraps.get(row.id, ()))) for row in rows
    ]


def _message(access: Access, shown: dict[str, Any]) -> dict[str, Any]:
    mine = shown["sender"] == str(access.mine.member_id)
    about = {
        "id": shown["id"],
        "number": shown["seq"],
        "from": "you" if mine else access.peer.handle,
        "received": clock.from_ms(shown["received_ms"]),
        "mode": shown["mode"],
    }
    if shown["erased"]:
        return about | {"erased": True}
    if shown["removed"]:
        return about | {"removed_by_staff": shown["removed"]["reason"]}
    if shown["damaged"]:
        return about | {"damaged": True}
    envelope = {name: shown[name] for name in ("header", "body", "signature", "wraps")}
    if shown["mode"] == "standard":
        return about | {"text": shown["text"], "envelope": {"header": shown["header"]}}
    return about | {"envelope": envelope}


def _receipts(rows: Sequence[MessageRow]) -> dict[str, Any] | None:
    """Receipts that `beyou-ledger receipt FILE` checks without this server; None before the first seal."""
    ids = [row.id for row in rows]
    try:
        proofs = ledger.proofs_for(ids)
    except (LedgerEmpty, LedgerDamaged):
        return None
    stored = Message.objects.filter(id__in=ids).select_related("conversation", "withheld")
    openings = {row.id: stored_opening(row).encode().hex() for row in stored if row.header}
    items = [
        proof.wire() | ({"opening": openings[proof.message]} if proof.salt else {})
        for proof in proofs.items
        if (proof.salt and proof.message in openings) or (proof.erasure and proof.erasure.seal)
    ]
    return {
        "format": "beyou/receipts/1",
        "vkey": ledger.verifier_key(),
        "checkpoint": proofs.checkpoint,
        "items": items,
    }
