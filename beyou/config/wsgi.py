"""Django's WSGI handler: the only one that serves pages (its ASGI handler is 5 to 17 times slower)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beyou.config.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
