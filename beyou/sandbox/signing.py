"""Signatures of notices: HMAC-SHA256 over moment and body, under a key that serves only this."""

import hmac

from beyou.core import clock, keyring
from beyou.payments.errors import BadSignature
from beyou.sandbox.rules import TOLERANCE

HEADER = "BeYou-Sandbox-Signature"


def sign(body: bytes) -> str:
    """The value of the header for a notice that is sent now."""
    moment = clock.now_ms() // 1000
    return f"t={moment},v1={_mac(moment, body)}"


def check(body: bytes, header: str) -> None:
    """Raises `BadSignature` unless this very body was signed by us within the last `TOLERANCE`."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    moment, given = parts.get("t", ""), parts.get("v1", "")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        raise BadSignature("Send the notice with the signature that belongs to it.")
    # The signature first: of what is not ours not even the time is judged.
    if not hmac.compare_digest(_mac(int(moment), body).encode(), given.encode()):
        raise BadSignature("Send the notice with the signature that belongs to it.")
    if abs(clock.now_ms() // 1000 - int(moment)) > TOLERANCE.total_seconds():
        raise BadSignature("The signature is too old. Send the notice again with a new one.")


def _mac(moment: int, body: bytes) -> str:
    return keyring.mac(b"sandbox/webhook/1", f"{moment}.".encode() + body).hex()
