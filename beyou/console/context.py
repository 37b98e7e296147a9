"""Template data of the staff pages."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from beyou.console.rules import pages_for


def staff_pages(request: HttpRequest) -> dict[str, Any]:
    """Where the staff pages are, for staff alone, and on them those that the levels open. No query."""
    if not getattr(getattr(request, "member", None), "is_staff", False):
        return {"staff_home": ""}
    home = f"/{settings.STAFF_PREFIX}/"
    return {"staff_home": home, "staff_pages": pages_for(getattr(request, "levels", ()))}
