"""Answers that leave on a beat, so that how long one took does not tell what was found."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

#: For an address that is known, joining writes fewer rows.
ON_BEAT = frozenset({"/join", "/join/with"})


class BeatMiddleware:
    """The answer to a form in `ON_BEAT` leaves at the next whole beat since its request came.

    It stands around everything that has to do with members: the session is saved and no transaction is open,
    for on SQLite everybody else would wait, too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        beat: float = settings.JOIN_BEAT_SECONDS
        if beat and request.method == "POST" and request.path in ON_BEAT:
            time.sleep(-(time.monotonic() - began) % beat)
        return response
