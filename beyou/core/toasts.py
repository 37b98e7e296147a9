"""Short notes to the member after a change: toasts on the next page, or at once for parts of a page."""

import json
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from beyou.core.errors import ApplicationError


def toast(request: HttpRequest, text: str, *, level: int = messages.SUCCESS, undo: str = "") -> None:
    """Shows `text` once. `undo` is an address of ours that a POST takes the change back at."""
    messages.add_message(request, level, text, extra_tags=undo)


def _carry(response: HttpResponse, notes: list[dict[str, str]]) -> HttpResponse:
    response["HX-Trigger"] = json.dumps({"by:toast": {"notes": notes}})
    return response


class ToastMiddleware:
    """Answers to htmx show no page, so their notes and refusals travel in the HX-Trigger header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.headers.get("HX-Request") or 300 <= response.status_code < 400:
            return response
        notes = [
            {"level": note.level_tag, "text": str(note.message), "undo": note.extra_tags or ""}
            for note in messages.get_messages(request)
        ]
        return _carry(response, notes) if notes else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ApplicationError) or not request.headers.get("HX-Request"):
            return None
        response = HttpResponse(status=exception.status)
        confirm = str(exception.extra.get("confirm_at", ""))
        note = {"level": "error", "text": exception.detail, "undo": "", "confirm": confirm}
        return _carry(response, [note])
