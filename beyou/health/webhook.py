"""Delivering alerts to the webhook: signed, to public addresses only, again and again until it takes them."""

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, urlsplit

import structlog
from django.conf import settings

from beyou.core import clock
from beyou.health import rules
from beyou.health.errors import WebhookRefused
from beyou.health.models import WebhookDelivery

log = structlog.get_logger()

_SECONDS = 5.0
#: However slowly the other side answers: the workers of this process wait for it, and the lease ends later.
_DEADLINE_SECONDS = 20.0
_LEASE_MS = 60_000
#: RFC 6052: an IPv4 address behind a translator, which may be a private one.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def do_next_delivery() -> bool:
    """The delivery that waits longest was tried; returns whether there was one. No transaction is open while
    the other side is asked.
    """
    moment = clock.now_ms()
    waiting = WebhookDelivery.objects.filter(done_at=None, due_ms__lte=moment)
    for row in waiting.order_by("due_ms", "id")[:8]:
        claimed = WebhookDelivery.objects.filter(pk=row.pk, due_ms=row.due_ms, done_at=None).update(
            due_ms=moment + _LEASE_MS, attempts=row.attempts + 1
        )
        if claimed:
            _try(row, row.attempts + 1)
            return True
    return False


def _try(row: WebhookDelivery, attempt: int) -> None:
    known = WebhookDelivery.objects.filter(pk=row.pk, done_at=None)
    try:
        send(str(row.pk), row.body.encode())
    except WebhookRefused as error:
        log.warning("health.webhook_refused", delivery=str(row.pk), attempt=attempt)
        is_over = attempt >= rules.MAX_ATTEMPTS
        known.update(
            due_ms=clock.now_ms() + rules.pause_ms(attempt),
            last_error=error.detail[:200],
            parked=is_over,
            done_at=clock.now() if is_over else None,
        )
    else:
        known.update(done_at=clock.now(), last_error="")


def signature(body: bytes, second: int) -> str:
    """HMAC-SHA256 (RFC 2104) over the time and the body, so that neither can be replaced."""
    mac = hmac.new(settings.ALERT_WEBHOOK_SECRET.encode(), f"{second}.".encode() + body, hashlib.sha256)
    return f"t={second},v1={mac.hexdigest()}"


def send(delivery_id: str, body: bytes) -> None:
    """The webhook has answered with 2xx. Redirects are not followed. Raises `WebhookRefused`."""
    url = urlsplit(settings.ALERT_WEBHOOK_URL)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "BeYou",
        "BeYou-Delivery": delivery_id,
        "BeYou-Signature": signature(body, clock.now_ms() // 1000),
    }
    was_cut = threading.Event()
    try:
        connection = _connection(url)
        cut = threading.Timer(_DEADLINE_SECONDS, _cut, [connection.sock, was_cut])
        cut.start()
        try:
            connection.request(
                "POST", f"{url.path or '/'}{'?' + url.query if url.query else ''}", body, headers
            )
            status = connection.getresponse().status
        finally:
            cut.cancel()
            connection.close()
    except (OSError, http.client.HTTPException, UnicodeError, ValueError) as error:
        raise WebhookRefused(f"it did not answer ({type(error).__name__})") from None
    # What was read until then may look like a whole answer.
    if was_cut.is_set():
        raise WebhookRefused("it answered too slowly")
    if not 200 <= status < 300:
        raise WebhookRefused(f"it answered {status}")


def _cut(connected: socket.socket, was_cut: threading.Event) -> None:
    """Whoever reads from it hears that it ended."""
    was_cut.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    """To the very address that was checked, so that a name that changes in between leads nowhere else."""
    if url.scheme not in ("http", "https") or not url.hostname:
        raise WebhookRefused("only http and https are allowed")
    is_secured = url.scheme == "https"
    port = url.port or (443 if is_secured else 80)
    address = _checked_address(url.hostname, port)
    plain = socket.create_connection((address, port), timeout=_SECONDS)
    found = http.client.HTTPConnection(url.hostname, port, timeout=_SECONDS)
    try:
        found.sock = _secured(plain, url.hostname) if is_secured else plain
    except BaseException:
        plain.close()
        raise
    return found


def _secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _checked_address(host: str, port: int) -> str:
    found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if settings.MODE != "development" and not all(is_public(address) for address in found):
        raise WebhookRefused("its address is a private one")
    return found[0]


def is_public(address: str) -> bool:
    """Whether it is an address of the open internet."""
    parsed: Any = ipaddress.ip_address(address.partition("%")[0])
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return parsed.is_global and not parsed.is_multicast and (parsed.version == 4 or parsed not in _TRANSLATED)
