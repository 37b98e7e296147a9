"""`/ws/`: authenticates a socket once, by the session cookie, and lets it run."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from django.conf import settings
from django.contrib.auth import get_user
from django.db import DatabaseError
from django.http import HttpRequest, parse_cookie
from django.http.request import validate_host

from beyou.core import clock
from beyou.core.ports.realtime import EVERYBODY, member_room, session_room
from beyou.core.realtime.hub import Hub
from beyou.core.realtime.socket import (
    NOT_SIGNED_IN,
    SESSION_ENDED,
    WRONG_ORIGIN,
    Message,
    Receive,
    Send,
    Socket,
)

Scope = MutableMapping[str, Any]

#: Clients ping every 25 s, so that a session that ended in silence keeps its sockets for a minute and a half
#: at most.
RECHECK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a socket belongs to, and by which session."""

    member_id: UUID
    session: str


async def endpoint(scope: Scope, receive: Receive, send: Send, hub: Hub) -> None:
    """One WebSocket from handshake to end. Raises nothing that the other side could cause."""
    await receive()
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    # Accepted first: a browser does not see the code of a socket that was never open.
    await send({"type": "websocket.accept"})
    if not is_own_origin(headers.get("origin", ""), headers.get("host", "")):
        return await send({"type": "websocket.close", "code": WRONG_ORIGIN})
    cookies = headers.get("cookie", "")
    identity = await hub.read(lambda: authenticate(cookies))
    if identity is None:
        return await send({"type": "websocket.close", "code": NOT_SIGNED_IN})
    rooms = (member_room(identity.member_id), identity.session, EVERYBODY)
    socket = Socket(member_id=identity.member_id, rooms=rooms, send=send)
    await _serve(socket, _while_valid(socket, identity, cookies, receive, hub), hub)
    return None


def _while_valid(socket: Socket, identity: Identity, cookies: str, receive: Receive, hub: Hub) -> Receive:
    """`receive`, but now and then the session is looked up again: it may have ended without closing its
    room, by its age, by another process while Redis was away, or just before the socket joined.
    """
    loop = asyncio.get_running_loop()
    due = loop.time() + RECHECK_SECONDS

    async def next_message() -> Message:
        nonlocal due
        message = await receive()
        if loop.time() >= due:
            due = loop.time() + RECHECK_SECONDS
            try:
                is_valid = await hub.read(lambda: authenticate(cookies)) == identity
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
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    member = get_user(cast(HttpRequest, SimpleNamespace(session=session)))
    if not member.is_authenticated or not member.is_active:
        return None
    return Identity(member_id=member.pk, session=session_room(key))
