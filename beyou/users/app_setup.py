"""Setting up an authenticator app: the secret that waits for its first code, and how it is shown."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote, urlencode

from django.utils.safestring import SafeString, mark_safe

from beyou.core import clock
from beyou.core.ports.naming import instance_name
from beyou.users import codes
from beyou.users.factors import MfaAdapter
from beyou.users.models import User

PENDING = "users.pending_app"
GOOD_FOR_MS = 30 * 60 * 1000


def pending_secret(session: MutableMapping[str, Any]) -> str:
    """The secret on the page of this session, encrypted like the stored ones; a new one every half hour."""
    held = session.get(PENDING)
    if held and clock.now_ms() - held["at"] < GOOD_FOR_MS:
        return MfaAdapter().decrypt(held["secret"])
    secret = codes.new_secret()
    session[PENDING] = {"secret": MfaAdapter().encrypt(secret), "at": clock.now_ms()}
    return secret


def forget(session: MutableMapping[str, Any]) -> None:
    session.pop(PENDING, None)


def uri(member: User, secret: str) -> str:
    """The otpauth address that the QR code holds; on a phone it is a link."""
    issuer = instance_name()
    label = quote(f"{issuer}:{member.handle}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer}, quote_via=quote)}"


def qr_code(member: User, secret: str) -> SafeString:
    """Inline SVG without styles; its black on white does not follow the theme, since cameras need it."""
    import segno  # seldom needed

    code = segno.make(uri(member, secret), error="m")
    return mark_safe(code.svg_inline(scale=4, border=4, omitsize=True))  # noqa: S308  (segno's own markup)


def grouped(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def codes_file(made: list[str]) -> str:
    """The recovery codes as an address that holds a text file: saving needs neither script nor server."""
    text = f"Recovery codes for {instance_name()}\nEach opens your account once.\n\n"
    return "data:text/plain;charset=utf-8," + quote(text + "\n".join(made) + "\n")
