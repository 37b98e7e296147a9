"""Template data of the activity centre."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from beyou.notifications.queries import unread_count


def notification_count(request: HttpRequest) -> dict[str, Any]:
    """How many notices are unread: one statement where a template asks, none elsewhere."""
    member = getattr(request, "member", None)
    return {"notification_count": SimpleLazyObject(lambda: unread_count(member.pk)) if member else 0}
