"""Template data that belongs to the instance."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from beyou.core.ports.naming import instance_name


def instance(request: HttpRequest) -> dict[str, Any]:
    return {
        "instance_name": instance_name(),
        "origin": settings.ORIGIN,
        "development": settings.MODE == "development",
    }
