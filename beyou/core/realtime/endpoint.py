"""`/ws/`: authenticates a socket once, by the session cookie or a token, and lets it run."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError
from django.http import HttpRequest, parse_cookie
from django.http.request import validate_host

from beyou.core import clock
from beyou.core.http import APP_SESSION
from beyou.core.ports import tokens
from beyou.core.ports.realtime import EVERYBODY, member_room, session_room
from beyou.core.realtime.hub import Hub
from beyou.core.realtime.socket import (
    NO_SCOPE,
    NOT_SIGNED_IN,
    SESSION_ENDED,
    WRONG_ORIGIN,
    Message,
    Receive,
    Send,
    Socket,
)

Scope = MutableMapping[str, Any]

#: A client that sends its token as a subprotocol offers this one too, and it is the one that is chosen, so
#: that no answer repeats the token.
SUBPROTOCOL = "beyou"
_OFFERED_TOKEN, _OFFERED_SESSION = "beyou.token.", "beyou.session."

#: Clients ping every 25 s, so that a session that ended in silence keeps its sockets for a minute and a half
#: at most.
RECHECK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a socket belongs to; `room` is closed when the session or the token ends."""

    member_id: UUID
    room: str
    may_chat: bool = True


Find = Callable[[], Identity | None]


async def endpoint(scope: Scope, receive: Receive, send: Send, hub: Hub) -> None:
    """One WebSocket from handshake to end. Raises nothing that the other side could cause."""
    await receive()
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    chosen = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
    # Accepted first: a browser does not see the code of a socket that was never open.
    await send({"type": "websocket.accept", "subprotocol": chosen})
    find = given(headers, scope.get("subprotocols", ()))
    # Only cookies are sent without being asked for, so only they need to know who asks.
    if find is None:
        if not is_own_origin(headers.get("origin", ""), headers.get("host", "")):
            return await send({"type": "websocket.close", "code": WRONG_ORIGIN})
        find = partial(authenticate, headers.get("cookie", ""))
    began = asyncio.get_running_loop().time()
    identity = await hub.read(find)
    if identity is None or not identity.may_chat:
        code = NOT_SIGNED_IN if identity is None else NO_SCOPE
        return await send({"type": "websocket.close", "code": code})
    rooms = (member_room(identity.member_id), identity.room, EVERYBODY)
    socket = Socket(member_id=identity.member_id, rooms=rooms, send=send, opened_at=began)
    await _serve(socket, _while_valid(socket, identity, find, receive, hub), hub)
    return None


def _while_valid(socket: Socket, identity: Identity, find: Find, receive: Receive, hub: Hub) -> Receive:
    """`receive`, but now and then the session or token is looked up again: it may have ended without closing
    its room, by its age, by another process while Redis was away, or just before the socket joined.
    """
    loop = asyncio.get_running_loop()
    checked = socket.opened_at

    async def next_message() -> Message:
        nonlocal checked
        message = await receive()
        if loop.time() >= checked + RECHECK_SECONDS or hub.doubted_at >= checked:
            checked = loop.time()
            try:
                is_valid = await hub.read(find) == identity
            except DatabaseError:
                # Away for a while: that ends nobody's session, and nothing can be read or written meanwhile.
                is_valid = True
            if not is_valid:
                socket.close(SESSION_ENDED)
        return message

    return next_message


async def _serve(socket: Socket, receive: Receive, hub: Hub) -> None:
    hub.join(socket)
    hello = {"type": "hello", "member": str(socket.member_id), "server_ms": clock.now_ms()}
    socket.deliver(orjson.dumps(hello).decode())
    try:
        await socket.run(receive)
    except asyncio.CancelledError:
        if not socket.is_aborted:
            raise
        cast("asyncio.Task[Any]", asyncio.current_task()).uncancel()
    finally:
        hub.leave(socket)
        socket.release()


def is_own_origin(origin: str, host: str) -> bool:
    """Whether a page of this instance opens the socket. A browser cannot forge its Origin header.

    In development the instance answers under several local addresses, so there Origin and Host must agree.
    """
    if settings.PRODUCTION or origin == settings.ORIGIN:
        return origin == settings.ORIGIN
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.netloc == host and validate_host(parts.hostname or "", settings.ALLOWED_HOSTS)


def authenticate(cookies: str) -> Identity | None:
    """The active member of the session in the Cookie header, or None. Two statements."""
    return authenticate_session(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, ""), of_app=False)


def authenticate_session(key: str, *, of_app: bool) -> Identity | None:
    """The active member of a session of a browser or of an app, or None."""
    if not key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    if bool(session.get(APP_SESSION)) != of_app:
        return None
    member = get_user(cast(HttpRequest, SimpleNamespace(session=session)))
    if not member.is_authenticated or not member.is_present or member.is_suspended:
        return None
    if getattr(member, "needs_new_password", False):
        return None
    if settings.SECOND_FACTOR == "everybody" and not _has_shown_factor(session):
        return None
    return Identity(member_id=member.pk, room=session_room(key))


def _has_shown_factor(session: SessionBase) -> bool:
    """As on the pages, where the instance asks everybody for a second step."""
    records = session.get("account_authentication_methods", [])
    return any(record.get("method") == "mfa" for record in records)


def authenticate_token(text: str) -> Identity | None:
    """Whom the token speaks for, or None when it opens nothing."""
    bearer = tokens.bearer_of(text)
    if bearer is None:
        return None
    return Identity(member_id=bearer.member_id, room=bearer.room, may_chat=bearer.may_chat)


def given(headers: Mapping[str, str], offers: Iterable[str]) -> Find | None:
    """How to find whose token or app session the client gave: in a header or, since browsers cannot set
    those, in a subprotocol. Never in the address, which logs keep. None when it gave neither.
    """
    scheme, _, text = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return partial(authenticate_token, text.strip())
    if "x-session-token" in headers:
        return partial(authenticate_session, headers["x-session-token"], of_app=True)
    for offer in offers:
        if offer.startswith(_OFFERED_TOKEN):
            return partial(authenticate_token, offer.removeprefix(_OFFERED_TOKEN))
        if offer.startswith(_OFFERED_SESSION):
            return partial(authenticate_session, offer.removeprefix(_OFFERED_SESSION), of_app=True)
    return None
