"""What everybody may read about the place."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from beyou.instance import announcements as written
from beyou.instance.context import PUT_AWAY, is_member
from beyou.instance.queries import current, notices
from beyou.instance.rules import paragraphs


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """What the owners ask of everybody here."""
    return render(request, "instance/rules.html", {"paragraphs": paragraphs(current().rules)})


@require_safe
def announcements(request: HttpRequest) -> HttpResponse:
    """What the staff announced, also what is over."""
    rows = [(row, paragraphs(row.text)) for row in written.latest(for_members=is_member(request))]
    return render(request, "instance/announcements.html", {"rows": rows})


@require_POST
def dismiss(request: HttpRequest, announcement_id: UUID) -> HttpResponse:
    """This browser shows the announcement no more. What is over is forgotten, so the cookie stays small."""
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    away = {*request.COOKIES.get(PUT_AWAY, "").split("."), announcement_id.hex}
    standing = [each.id.hex for each in notices(for_members=True) if each.id.hex in away]
    response = redirect(wanted if is_ours else "/")
    response.set_cookie(
        PUT_AWAY,
        ".".join(standing),
        max_age=366 * 86400,
        secure=settings.PRODUCTION,
        httponly=True,
        samesite="Lax",
    )
    return response
