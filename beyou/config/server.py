"""How uvicorn is set up, the same for `serve`, `live` and tests."""

from typing import Any

import uvicorn

from beyou.core.realtime.socket import frame_limit

GRACE_SECONDS = 5


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
    uvicorn.run(**options(port=port, unix_socket=unix_socket))
