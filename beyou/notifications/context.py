"""Template data: the number of unread notifications."""

from typing import Any

from django.http import HttpRequest


def notification_count(request: HttpRequest) -> dict[str, Any]:
    return {}
