"""The identity providers of the instance, as its settings name them."""

import json
import re
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

_ID = re.compile(r"[a-z0-9-]{1,30}")
_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """One provider of OpenID Connect. What it says of people counts only together with its issuer."""

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = ""


def parse_providers(text: str, *, production: bool) -> tuple[OidcProvider, ...]:
    """The providers of a JSON list. Raises `ValueError`, whose words never repeat a secret."""
    if not text:
        return ()
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(entries, list):
        raise ValueError("is not a JSON list")
    found = tuple(_parse(entry, production=production) for entry in entries)
    for kind in ("id", "issuer"):
        values = [getattr(provider, kind) for provider in found]
        if len(set(values)) < len(values):
            raise ValueError(f"names the same {kind} twice")
    return found


def _parse(entry: Any, *, production: bool) -> OidcProvider:
    known = {field.name for field in fields(OidcProvider)}
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise ValueError("holds something that is no object of strings")
    if unknown := sorted(set(entry) - known):
        raise ValueError(f"has fields that nobody knows: {', '.join(unknown)}")
    if missing := sorted(name for name in known - {"client_secret"} if not entry.get(name)):
        raise ValueError(f"lacks {', '.join(missing)}")
    if not _ID.fullmatch(entry["id"]):
        raise ValueError("has an id that is not 1 to 30 small letters, digits and hyphens")
    if len(entry["name"]) > 40 or not entry["name"].isprintable():
        raise ValueError(f"has a name of {entry['id']} that is not 1 to 40 visible characters")
    if not is_safe_address(entry["issuer"], production=production) or urlsplit(entry["issuer"]).query:
        raise ValueError(f"has an issuer of {entry['id']} that is no https address without a query")
    return OidcProvider(**entry)


def is_safe_address(address: Any, *, production: bool) -> bool:
    """Whether the address is https; on this machine and outside production also http."""
    if not isinstance(address, str) or not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.password or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and not production and host in _LOCAL)
