"""Public pages, what browsers ask every site for, error pages and health: nothing that belongs to an app."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from beyou.core.errors import ApplicationError, NotAllowed, NotFound
from beyou.core.http import problem_response, wants_json
from beyou.core.ports.naming import instance_name
from beyou.core.templatetags.beyou import built_file

SERVICE_WORKER = "frontend/entry/sw.ts"


class BadRequest(ApplicationError):
    code, status, title = "bad_request", 400, "That request could not be understood"


class StalePage(NotAllowed):
    code, title = "csrf", "This page was open too long"


class ServerError(ApplicationError):
    code, status, title = "server_error", 500, "Something broke on our side"


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The front door; members are already inside."""
    if getattr(request, "member", None):
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "pages/landing.html")


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/security.html")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker keeps and shows without a network: the same for everybody."""
    return render(request, "pages/offline.html")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Served from the root, since a worker governs only the addresses below its own."""
    return HttpResponse(
        built_file(SERVICE_WORKER).read_bytes(),
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache"},
    )


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """W3C Web Application Manifest: lets phones install the site as an app."""
    icons = [
        ("icon.svg", "any", "any"),
        ("icon-192.png", "192x192", "any"),
        ("icon-512.png", "512x512", "any"),
    ]
    icons.append(("icon-maskable-512.png", "512x512", "maskable"))
    return JsonResponse(
        {
            "id": "/",
            "name": instance_name(),
            "short_name": instance_name(),
            "description": "Conversations that only you and your friends can read, and nobody can rewrite.",
            "start_url": "/home",
            "scope": "/",
            "display": "standalone",
            "background_color": "#f8f8fc",
            "theme_color": "#5145c1",
            "icons": [
                {"src": static(file), "sizes": sizes, "purpose": purpose} for file, sizes, purpose in icons
            ],
            "shortcuts": [{"name": "Chats", "url": "/chats"}, {"name": "Activity", "url": "/activity"}],
        },
        content_type="application/manifest+json",
        headers={"Cache-Control": "max-age=3600"},
    )


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For browsers that ask without having read a page."""
    return redirect(static("favicon.ico"), permanent=True)


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
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")
