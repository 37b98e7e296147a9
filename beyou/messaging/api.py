"""The messaging API: parse, one service or query, answer."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from beyou.core.errors import NotFound
from beyou.core.http import json_response
from beyou.messaging import proofs, queries, services, wire, writer
from beyou.messaging.schemas import (
    ConversationsQuery,
    DraftIn,
    MessagePage,
    MessagesQuery,
    ProofsQuery,
    ReceiptIn,
    ReceiptQuery,
    RosterQuery,
    StartIn,
)
from beyou.users.http import member_id_of

router = Router(tags=["messaging"])


@router.get("/conversations")
def list_conversations(request: HttpRequest, query: Query[ConversationsQuery]) -> HttpResponse:
    """The member's conversations, the most recent first."""
    page = queries.conversation_page(member_id_of(request), search=query.q, cursor=query.cursor)
    modes = queries.next_modes(page.items)
    items = [wire.conversation(each, mode=modes[each.conversation.id]) for each in page.items]
    return json_response({"items": items, "next": page.next})


@router.post("/conversations")
def start_conversation(request: HttpRequest, body: StartIn) -> HttpResponse:
    """The direct conversation with a friend; 201 when it is new."""
    started = services.start_conversation(starter_id=member_id_of(request), other_id=body.member)
    access = queries.conversation_for(member_id_of(request), started.conversation.id)
    value = wire.conversation(access, mode=queries.next_mode(access))
    return json_response(value, 201 if started.is_new else 200)


@router.get("/conversations/{uuid:conversation_id}")
def get_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    access = queries.conversation_for(member_id_of(request), conversation_id)
    return json_response(wire.conversation(access, mode=queries.next_mode(access)))


@router.get("/conversations/{uuid:conversation_id}/roster")
def get_roster(request: HttpRequest, conversation_id: UUID, query: Query[RosterQuery]) -> HttpResponse:
    """Whom to seal to, what the given browser of mine sent last, and older keys to verify with."""
    access = queries.conversation_for(member_id_of(request), conversation_id)
    return json_response(wire.roster(queries.roster_for(access, query.device)))


@router.get("/conversations/{uuid:conversation_id}/messages", response=MessagePage)
def list_messages(request: HttpRequest, conversation_id: UUID, query: Query[MessagesQuery]) -> HttpResponse:
    """A page of messages in ascending order. `next` is the value for the same parameter again.

    On the frame `message.changed` of the socket ask again for what you show: something was erased, removed by
    the staff, or put back.
    """
    access = queries.conversation_for(member_id_of(request), conversation_id)
    if query.after is not None:
        page = queries.messages_after(conversation_id, query.after, limit=query.limit)
        following = page.messages[-1].seq if page.has_later else None
    else:
        before = access.conversation.last_seq + 1 if query.before is None else query.before
        page = queries.messages_before(conversation_id, before, limit=query.limit)
        following = page.messages[0].seq if page.has_earlier else None
    wraps = queries.wraps_for(member_id_of(request), page.messages)
    items = [wire.stored_message(row, access.conversation, wraps.get(row.id, ())) for row in page.messages]
    return json_response({"items": items, "next": following})


@router.post("/conversations/{uuid:conversation_id}/messages")
def send_message(request: HttpRequest, conversation_id: UUID, body: DraftIn) -> HttpResponse:
    """201 for a new message; 200 with the first answer for one that was accepted before."""
    accepted = writer.send(body.to_draft(conversation=conversation_id, sender=member_id_of(request)))
    value = {"id": str(accepted.message), "seq": accepted.seq, "received_ms": accepted.received_ms}
    return json_response(value, 200 if accepted.is_repeat else 201)


@router.post("/conversations/{uuid:conversation_id}/receipts")
def post_receipt(request: HttpRequest, conversation_id: UUID, body: ReceiptIn) -> HttpResponse:
    """How far the member has received and read; the answer is where the marks stand now."""
    marks = services.mark(
        member_id=member_id_of(request),
        conversation_id=conversation_id,
        delivered=body.delivered,
        read=body.read,
    )
    return json_response({"delivered": marks.delivered, "read": marks.read})


@router.get("/conversations/{uuid:conversation_id}/proofs")
def list_proofs(request: HttpRequest, conversation_id: UUID, query: Query[ProofsQuery]) -> HttpResponse:
    """Ledger proofs of the messages behind a number, against the newest checkpoint.

    `removals` of an item name what the staff did to the message, in its order: odd numbers removed it, even
    ones put it back. A message that is removed comes with its `opening`.
    """
    access = queries.conversation_for(member_id_of(request), conversation_id)
    found = proofs.proofs_of(access, after=query.after, limit=query.limit, pinned=query.pinned)
    return json_response(wire.proofs(found))


@router.get("/ledger/messages/{uuid:message_id}/receipt")
def get_receipt(request: HttpRequest, message_id: UUID, query: Query[ReceiptQuery]) -> HttpResponse:
    """The proof of one message of the member's, as JSON or in the text format c2sp.org/tlog-proof@v1."""
    receipt = proofs.receipt_for(member_id_of(request), message_id)
    if query.format == "tlog-proof":
        if not receipt.text:
            raise NotFound("An erased or removed message has no receipt in this format; ask for JSON.")
        return HttpResponse(receipt.text, content_type="text/plain; charset=utf-8")
    return json_response(receipt.value)
