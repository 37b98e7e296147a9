"""The hybrid server: sockets stay on the event loop, pages go to the WSGI handler by one thread hop.

Django's own ASGI handler serves pages 5 to 17 times slower, so it is never used.
"""

import gc
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.urls import get_resolver

from beyou.config.bridge import WSGIBridge
from beyou.config.wsgi import pages

# Everything below imports models, so it must stand behind the line that sets Django up.
from beyou.config import processes  # isort: skip
from beyou.core.realtime.endpoint import endpoint  # isort: skip
from beyou.core.realtime.hub import hub  # isort: skip

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SOCKET_PATH = "/ws/"

_pages = WSGIBridge(pages)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """The ASGI 3 application (asgi.readthedocs.io)."""
    if scope["type"] == "http":
        await _pages(scope, receive, send)
    elif scope["type"] == "websocket":
        if scope["path"] == SOCKET_PATH:
            await endpoint(scope, receive, send, hub)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Starts what runs beside the requests, and ends it cleanly: what waits to be written is written."""
    await receive()
    try:
        running = processes.start()
        _pages.start()
        _settle()
    # The server must say why it does not start, whatever it was.
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    _pages.stop()
    running.stop()
    await send({"type": "lifespan.shutdown.complete"})


def _settle() -> None:
    """The first member waits for no import, and no collection of garbage looks through the code again."""
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
