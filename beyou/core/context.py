"""Template data that belongs to the instance."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def instance(request: HttpRequest) -> dict[str, Any]:
    return {
        "instance_name": settings.INSTANCE_NAME,
        "origin": settings.ORIGIN,
        "development": settings.MODE == "development",
    }
