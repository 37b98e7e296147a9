"""Template data that owners set."""

from typing import Any

from django.http import HttpRequest

from beyou.instance.queries import current


def place(request: HttpRequest) -> dict[str, Any]:
    """The accent of whoever has none of their own, and whether there are rules. No query on most pages."""
    settings = current()
    return {"default_accent": settings.worn_accent, "has_rules": bool(settings.rules)}
