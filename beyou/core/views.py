"""Error pages, health, and nothing that belongs to an app."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from beyou.core.errors import ApplicationError, NotAllowed, NotFound
from beyou.core.http import problem_response, wants_json


class BadRequest(ApplicationError):
    code, status, title = "bad_request", 400, "That request could not be understood"


class StalePage(NotAllowed):
    code, title = "csrf", "This page was open too long"


class ServerError(ApplicationError):
    code, status, title = "server_error", 500, "Something broke on our side"


def _answer(request: HttpRequest, error: ApplicationError, template: str) -> HttpResponse:
    if wants_json(request):
        return problem_response(error)
    return render(request, template, {"error": error}, status=error.status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, BadRequest(), "errors/problem.html")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, NotAllowed("You may not open this page."), "errors/403.html")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, NotFound(), "errors/404.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    error = StalePage(
        "Go back, reload the page and try again. What you typed is still there after going back."
    )
    return _answer(request, error, "errors/403.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Uses no context and no database: they may be what broke."""
    if wants_json(request):
        return problem_response(ServerError("It has been logged. Please try again."))
    return render(None, "errors/500.html", status=500)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Says 503 when the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    # Any driver error means the same to a load balancer.
    except Exception:
        return JsonResponse({"database": "failed"}, status=503)
    return JsonResponse({"database": "ok"})
