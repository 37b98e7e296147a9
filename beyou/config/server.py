"""How uvicorn is set up, the same for `serve` and `live`."""

import uvicorn

from beyou.core.realtime.socket import frame_limit


def run(*, host: str = "127.0.0.1", port: int | None = None, unix_socket: str | None = None) -> None:
    """Serves until the process is told to end; then what waits to be written is written."""
    uvicorn.run(
        "beyou.config.asgi:application",
        host=host,
        port=port or 0,
        uds=unix_socket,
        loop="uvloop",
        ws="websockets-sansio",
        # Compression would cost 34 KiB per socket; frames are small or encrypted.
        ws_per_message_deflate=False,
        # Longer frames than the endpoint takes, so that it can say 4413 itself.
        ws_max_size=2 * frame_limit(),
        # The endpoint has a heartbeat of its own, which the page's script can see.
        ws_ping_interval=None,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
