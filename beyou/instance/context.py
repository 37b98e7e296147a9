"""Template data that owners set."""

from typing import Any

from django.http import HttpRequest

from beyou.instance.queries import AT_ONCE, current, notices

#: The cookie in which a browser keeps what was put away, so that neither a table nor a query is needed.
PUT_AWAY = "put-away"


def place(request: HttpRequest) -> dict[str, Any]:
    """The accent of whoever has none of their own, and whether there are rules. No query on most pages."""
    settings = current()
    away = request.COOKIES.get(PUT_AWAY, "").split(".")
    standing = [each for each in notices(for_members=is_member(request)) if each.id.hex not in away]
    return {
        "default_accent": settings.worn_accent,
        "has_rules": bool(settings.rules),
        "announcements": [] if request.path == "/offline" else standing[:AT_ONCE],
    }


def is_member(request: HttpRequest) -> bool:
    return getattr(request, "member", None) is not None
