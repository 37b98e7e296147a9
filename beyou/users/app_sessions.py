"""Sessions of apps: named by a header instead of a cookie, on the API alone.

What reads a session further in, such as the limits on its age and the record of sign-ins, finds it in the
place of the cookie's. A session that a browser holds in its cookie is never taken from the header, nor one of
an app from a cookie.
"""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.http import HttpRequest, HttpResponse

from beyou.core.http import APP_SESSION, problem_response
from beyou.users.errors import SessionOver

HEADER: Final = "X-Session-Token"
#: Below this address cookies count for nothing, with or without the header.
SIGN_IN_PATH: Final = "/api/v1/auth/"
_KEY = re.compile(r"[0-9a-z]{32}")


class AppSessionMiddleware:
    """Stands right behind the session of the cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _speaks_app(request):
            return self.get_response(request)
        of_cookie = request.session
        request.session = open_session(request.headers.get(HEADER, ""))
        setattr(request, APP_SESSION, True)
        try:
            response = self.get_response(request)
            if request.session.modified and not request.session.is_empty():
                request.session.save()
        except UpdateError:
            response = problem_response(SessionOver("It ended meanwhile. Please sign in again."))
        finally:
            # The one that wrote to the browser would overwrite its session.
            request.session = of_cookie
        response.cookies.clear()
        return response


def _speaks_app(request: HttpRequest) -> bool:
    has_header = HEADER in request.headers and request.path.startswith("/api/")
    return has_header or request.path.startswith(SIGN_IN_PATH)


def is_app(request: HttpRequest) -> bool:
    """Whether the request came with the session of an app, or with none where only those count."""
    return getattr(request, APP_SESSION, False)


def open_session(key: str) -> SessionBase:
    """The app's session with this key; an empty one when there is none."""
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    if _KEY.fullmatch(key):
        session: SessionBase = store(key)
        if session.get(APP_SESSION):
            return session
    return store()  # type: ignore[no-any-return]


def token_of(request: HttpRequest) -> str:
    """What the app sends from now on; the session is stored."""
    request.session[APP_SESSION] = True
    request.session.save()
    return str(request.session.session_key)
