"""Django's WSGI handler: the only one that serves pages (its ASGI handler is 5 to 17 times slower).

`pages` is the handler itself, for the hybrid server. `application` is what a WSGI server runs in its page
workers, beside `beyou live`: `gunicorn beyou.config.wsgi`.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beyou.config.settings")

from django.core.wsgi import get_wsgi_application

from beyou.config import page_worker

pages = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """WSGI (PEP 3333)."""
    page_worker.join()
    return pages(environ, start_response)
