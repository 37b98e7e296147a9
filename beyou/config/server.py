"""How uvicorn is set up, the same for `serve`, `live` and tests."""

import ctypes
import gc
from typing import Any

import uvicorn

from beyou.core.realtime.socket import frame_limit

GRACE_SECONDS = 5
# A parameter of glibc's mallopt (malloc.h).
_M_ARENA_MAX = -8


def options(*, port: int, unix_socket: str | None = None) -> dict[str, Any]:
    """What `uvicorn.Config` gets."""
    return {
        "app": "beyou.config.asgi:application",
        "host": "127.0.0.1",
        "port": port,
        "uds": unix_socket,
        "loop": "uvloop",
        "lifespan": "on",
        "ws": "websockets-sansio",
        # Compression would cost 34 KiB per socket; frames are small or encrypted.
        "ws_per_message_deflate": False,
        # Longer frames than the endpoint takes, so that it can say 4413 itself.
        "ws_max_size": 2 * frame_limit(),
        # The endpoint has a heartbeat of its own, which the page's script can see.
        "ws_ping_interval": None,
        "access_log": False,
        "log_config": None,
        "log_level": "warning",
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
    }


def run(*, port: int, unix_socket: str | None = None) -> None:
    """Serves until the process is told to end; then what waits to be written is written."""
    _save_memory()
    uvicorn.run(**options(port=port, unix_socket=unix_socket))


def _save_memory() -> None:
    """One heap for all threads, whose turns Python gives out anyway, and nothing kept from the start.

    Only glibc has these calls; elsewhere nothing happens.
    """
    library = ctypes.CDLL(None)
    gc.collect()
    if hasattr(library, "mallopt") and hasattr(library, "malloc_trim"):
        library.mallopt(_M_ARENA_MAX, 1)
        library.malloc_trim(0)
