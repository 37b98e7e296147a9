"""Which function handles which frame. Apps register theirs when they start."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from beyou.core.realtime.socket import Socket

Frame = dict[str, Any]
Handler = Callable[["Socket", Frame], Awaitable[None]]

_handlers: dict[str, Handler] = {}


class BadFrame(Exception):
    """Bytes that no client of ours would send; the socket is closed."""


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Registers the handler of one type of frame. It runs on the event loop and must not block it."""

    def register(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return register


def parse(text: str) -> tuple[Handler, Frame]:
    """The handler and the fields of a frame. Raises `BadFrame`."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFrame("not JSON") from error
    if not isinstance(frame, dict):
        raise BadFrame("not an object")
    kind = frame.pop("type", None)
    handler = _handlers.get(kind) if isinstance(kind, str) else None
    if handler is None:
        raise BadFrame("unknown type")
    return handler, frame
