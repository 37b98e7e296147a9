"""What an address and a user agent tell a person: a device and a country. Nothing leaves the machine."""

import unicodedata
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings

log = structlog.get_logger()

#: Families of ua-parser → words that people know.
_SYSTEMS = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}
_UNKNOWN = "Other"


def whereabouts(address: str, user_agent: str) -> dict[str, str]:
    """The fields of a row that says where something came from."""
    device, kind = described(user_agent)
    return {"address": address, "device": device, "device_kind": kind, "country": country_of(address)}


def clean_agent(raw: str) -> str:
    """What a client sent, without characters that could break a line, a log or a terminal."""
    kept = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in raw[:1000])
    return " ".join(kept.split())[:300]


@lru_cache(maxsize=2048)
def described(user_agent: str) -> tuple[str, str]:
    """Such as ("Firefox on Windows", "computer"); the kind is computer, phone, tablet, robot or app."""
    if not user_agent:
        return "Unknown device", ""
    # Its rules take a tenth of a second to load, which only processes that need them should pay.
    from ua_parser import parse

    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else _UNKNOWN
    system = found.os.family if found.os else _UNKNOWN
    family = found.device.family if found.device else _UNKNOWN
    if family == "Spider":
        return f"{browser} (a robot)"[:80], "robot"
    browser, system = (
        browser.removeprefix("Mobile ").removesuffix(" Mobile").removesuffix(" Mobile WebView"),
        _SYSTEMS.get(system, system),
    )
    if _UNKNOWN in (browser, system):
        known = browser if browser != _UNKNOWN else system
        return (known if known != _UNKNOWN else "An app or a program")[:80], "app"
    return f"{browser} on {system}"[:80], _kind(user_agent, system, family)


def _kind(user_agent: str, system: str, family: str) -> str:
    if "iPad" in family or "Tablet" in user_agent or (system == "Android" and "Mobile" not in user_agent):
        return "tablet"
    return "phone" if system in ("Android", "iOS") else "computer"


def country_of(address: str) -> str:
    """ISO 3166-1 alpha-2; empty when it is not known or the instance has no database of places."""
    if not settings.GEO_DATABASE:
        return ""
    try:
        found: Any = _places(str(settings.GEO_DATABASE)).get(address)
    # A missing or damaged file must not keep anybody from signing in.
    except (OSError, ValueError, RuntimeError) as error:
        log.warning("places.unreadable", reason=type(error).__name__)
        return ""
    return _code(found)


def _code(found: Any) -> str:
    """Reads MaxMind's nested form and the flat one of free databases."""
    if not isinstance(found, dict):
        return ""
    country = found.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else found.get("country_code")
    return code.upper() if isinstance(code, str) and len(code) == 2 and code.isascii() else ""


@lru_cache(maxsize=1)
def _places(path: str) -> Any:
    from maxminddb import open_database

    return open_database(path)
