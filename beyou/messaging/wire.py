"""The JSON shapes of messages: the same in pages, the API and frames (frontend/pure/wire.ts).

Bytes are standard base64 with padding (RFC 4648 §4), key ids and hashes lower-case hexadecimal.
"""

from collections.abc import Iterable
from typing import Any

from beyou.core.templatetags.beyou import picture_url
from beyou.core.wire import encoded
from beyou.ledger import queries as ledger
from beyou.messaging import rules
from beyou.messaging.accept import Accepted, stored_body
from beyou.messaging.models import Conversation, MessageWrap, Mode
from beyou.messaging.proofs import ConversationProofs
from beyou.messaging.queries import Access, MessageRow, RosterView

#: The end of the year 9999, the last moment that Python, browsers and people can write.
LAST_MS = 253_402_300_799_999
MODES = {Mode.STANDARD: "standard", Mode.END_TO_END: "end_to_end"}
# Looked up once: to hash a member of an enumeration costs more than all else that is done with it here.
_END_TO_END, _STANDARD_NAME, _END_TO_END_NAME = 2, "standard", "end_to_end"


def accepted_message(accepted: Accepted) -> dict[str, Any]:
    """A message as it goes to the sockets of all members, with the wraps of all."""
    return {
        "id": str(accepted.message),
        "conversation": str(accepted.conversation),
        "seq": accepted.seq,
        "sender": str(accepted.sender),
        "mode": MODES[accepted.mode],
        "header": encoded(accepted.header),
        "body": encoded(accepted.body),
        "signature": encoded(accepted.signature) if accepted.signature else None,
        "wraps": [
            {"device": str(wrap.device), "key_id": wrap.key_id.hex(), "wrap": encoded(wrap.wrap)}
            for wrap in accepted.wraps
        ],
        "received_ms": accepted.received_ms,
        "text": rules.text_of(accepted.body) if accepted.mode == Mode.STANDARD else None,
        "damaged": False,
        "erased": False,
        "removed": None,
    }


def stored_message(
    row: MessageRow, conversation: Conversation, wraps: Iterable[MessageWrap]
) -> dict[str, Any]:
    """A stored message for one member. `damaged` when its body no longer opens: the text is then null. Of one
    that was erased or that the staff removed only its place is shown, and of the latter what stands there.

    A mode or time that no row of ours has is shown as one that can be, so that the page lives to tell.
    """
    is_erased, is_removed = not row.header, row.removed_why is not None
    is_gone = is_erased or is_removed
    body = None if is_gone else stored_body(row, conversation.data_key)
    is_standard = row.mode != _END_TO_END
    text = rules.text_of(body) if is_standard and body is not None else None
    return {
        "id": str(row.id),
        "conversation": str(row.conversation_id),
        "seq": row.seq,
        "sender": str(row.sender_id),
        "mode": _STANDARD_NAME if is_standard else _END_TO_END_NAME,
        "header": "" if is_gone else encoded(bytes(row.header)),
        "body": encoded(body or b""),
        "signature": encoded(bytes(row.signature)) if row.signature and not is_gone else None,
        "wraps": [
            {"device": str(wrap.key_set), "key_id": wrap.key_id, "wrap": encoded(bytes(wrap.wrap))}
            for wrap in (() if is_gone else wraps)
        ],
        "received_ms": min(max(row.received_ms, 0), LAST_MS),
        "text": text,
        "damaged": is_standard and text is None and not is_gone,
        "erased": is_erased,
        "removed": {"reason": row.removed_why, "at_ms": row.removed_ms} if is_removed else None,
    }


def conversation(access: Access, *, mode: Mode) -> dict[str, Any]:
    return {
        "id": str(access.conversation.id),
        "mode": MODES[mode],
        "open": access.is_open,
        "peer": {
            "id": str(access.peer.pk),
            "handle": access.peer.handle,
            "name": access.peer.name,
            "picture": picture_url(access.peer),
            "is_verified": access.peer.is_verified,
            "gone": access.peer.is_erased,
        },
        "last_seq": access.conversation.last_seq,
        "last_ms": access.conversation.last_ms,
        "read_seq": access.mine.read_seq,
        "delivered_seq": access.mine.delivered_seq,
        "peer_read": access.peer_read,
        "peer_delivered": access.peer_delivered,
        "unread": access.unread,
    }


def roster(view: RosterView) -> dict[str, Any]:
    """The roster for one browser; `mine` is null unless it is one of the member's own."""
    return {
        "version": view.roster.version,
        "hash": view.roster.hash.hex(),
        "entries": [
            {
                "user": str(keys.member_id),
                "device": str(keys.key_set),
                "encrypt_key_id": keys.encrypt_key_id.hex(),
                "encrypt_spki": encoded(keys.encrypt_spki),
                "sign_key_id": keys.sign_key_id.hex(),
                "sign_spki": encoded(keys.sign_spki),
            }
            for keys in view.key_sets
        ],
        "mine": (
            {"device": str(view.device), "counter": view.chain.counter, "prev": view.chain.digest.hex()}
            if view.device is not None
            else None
        ),
        "retired": [
            {
                "user": str(keys.member_id),
                "sign_key_id": keys.sign_key_id.hex(),
                "sign_spki": encoded(keys.sign_spki),
            }
            for keys in view.retired
        ],
    }


def proofs(found: ConversationProofs) -> dict[str, Any]:
    """Proofs as frontend/pure/wire.ts has them. `missing` is what no entry stands for: an alarm. A removed
    message comes with its opening, since its bytes are withheld.
    """
    answer = found.proofs
    return {
        "checkpoint": answer.checkpoint,
        "vkey": ledger.verifier_key(),
        "consistency": [each.hex() for each in answer.consistency],
        "items": [
            {"seq": found.seqs[each.message], "opening": found.openings.get(each.message)} | each.wire()
            for each in answer.items
        ],
        "pending": [found.seqs[each] for each in answer.pending],
        "missing": [found.seqs[each] for each in answer.missing],
    }
