"""Socket frames of conversations: a thin face over the writer and the services."""

from typing import Any

import orjson
import structlog
from pydantic import ValidationError

from beyou.core.errors import ApplicationError, InvalidInput
from beyou.core.realtime.frames import BadFrame, Frame, handles
from beyou.core.realtime.hub import hub
from beyou.core.realtime.socket import Socket
from beyou.messaging import delivery, writer
from beyou.messaging.accept import Accepted, Refused
from beyou.messaging.queries import conversation_for
from beyou.messaging.schemas import ReceiptFrame, SendFrame, TypingFrame
from beyou.messaging.services import mark

log = structlog.get_logger()

_PONG = '{"type":"pong"}'


class Busy(ApplicationError):
    code, status, title = "busy", 503, "The server could not store the message"


@handles("ping")
async def ping(socket: Socket, frame: Frame) -> None:
    socket.deliver(_PONG)


@handles("send")
async def send(socket: Socket, frame: Frame) -> None:
    """Hands the draft to the writer; the answer follows as `accepted` or `refused`."""
    message, ref = _draft_id(frame), _ref(frame)
    try:
        fields = SendFrame.model_validate(frame)
        draft = fields.draft.to_draft(conversation=fields.conversation, sender=socket.member_id)
        answer = writer.submit(draft)
    except ValidationError as error:
        if message is None:
            raise BadFrame("send without a draft") from error
        _refuse(socket, ref, message, InvalidInput("Some fields of the draft are missing, unknown or wrong."))
        return
    except ApplicationError as error:
        _refuse(socket, ref, message, error)
        return
    # Told by the writer's thread. After the end of the loop nobody hears it; the client asks again.
    answer.add_done_callback(lambda done: hub.soon(lambda: _answer(socket, ref, message, done)))


@handles("typing")
async def typing(socket: Socket, frame: Frame) -> None:
    fields = _valid(TypingFrame, frame)
    try:
        access = await hub.read(lambda: conversation_for(socket.member_id, fields.conversation))
    except ApplicationError:
        return
    if access.is_open:
        delivery.announce_typing(conversation=fields.conversation, member=socket.member_id, to=access.peer.pk)


@handles("receipt")
async def receipt(socket: Socket, frame: Frame) -> None:
    fields = _valid(ReceiptFrame, frame)
    try:
        await hub.read(
            lambda: mark(
                member_id=socket.member_id,
                conversation_id=fields.conversation,
                delivered=fields.delivered,
                read=fields.read,
            )
        )
    except ApplicationError as error:
        log.info("socket.receipt_refused", code=error.code)


def _valid(schema: Any, frame: Frame) -> Any:
    try:
        return schema.model_validate(frame)
    except ValidationError as error:
        raise BadFrame("fields") from error


def _draft_id(frame: Frame) -> str | None:
    draft = frame.get("draft")
    message = draft.get("id") if isinstance(draft, dict) else None
    return message if isinstance(message, str) else None


def _ref(frame: Frame) -> str | int | None:
    """What the client names its draft by; it goes back as it came, so nothing that has parts."""
    ref = frame.get("ref")
    if ref is not None and not isinstance(ref, str | int):
        raise BadFrame("ref")
    return ref


def _answer(socket: Socket, ref: object, message: str | None, done: writer.Answer) -> None:
    if done.exception() is not None:
        _refuse(socket, ref, message, Busy("Please try again; nothing was stored."))
        return
    result = done.result()
    if isinstance(result, Refused):
        _refuse(socket, ref, message, result.error)
    else:
        _deliver(socket, accepted_frame(ref, result))


def accepted_frame(ref: object, accepted: Accepted) -> dict[str, Any]:
    return {
        "type": "accepted",
        "ref": ref,
        "id": str(accepted.message),
        "conversation": str(accepted.conversation),
        "seq": accepted.seq,
        "received_ms": accepted.received_ms,
    }


def _refuse(socket: Socket, ref: object, message: str | None, error: ApplicationError) -> None:
    _deliver(socket, {"type": "refused", "ref": ref, "id": message, "problem": error.problem()})


def _deliver(socket: Socket, frame: dict[str, Any]) -> None:
    socket.deliver(orjson.dumps(frame, default=str).decode())
