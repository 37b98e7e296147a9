"""Template data: in how many chats something waits to be read."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from beyou.messaging.queries import unread_chats


def chat_count(request: HttpRequest) -> dict[str, Any]:
    """One statement, and none on pages that do not show the number."""
    member = getattr(request, "member", None)
    if member is None:
        return {}
    return {"chat_count": SimpleLazyObject(lambda: unread_chats(member.pk))}
