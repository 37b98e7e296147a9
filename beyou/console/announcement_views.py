"""The staff page of announcements."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from beyou.console.place_forms import AnnouncementForm
from beyou.core import clock
from beyou.core.toasts import toast
from beyou.instance import announcements
from beyou.instance.rules import paragraphs
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(Level.MODERATOR)
def write(request: MemberRequest) -> HttpResponse:
    """The announcements. A POST makes one, or shows how it will look."""
    form = AnnouncementForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, form, status=422 if form.is_bound else 200)
    if request.POST.get("do") == "preview":
        return _page(
            request, form, preview=form.cleaned_data, paragraphs=paragraphs(form.cleaned_data["text"])
        )
    announcements.announce(actor_id=request.member.pk, **form.cleaned_data)
    toast(request, "Announced. Every page shows it within seconds, from its time on.")
    return redirect("console:announcements")


def _page(request: MemberRequest, form: AnnouncementForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"form": form, "rows": announcements.written(), "now": clock.now()}
    return render(request, "console/announcements.html", context | more, status=status)


@require_POST
@staff_required(Level.MODERATOR)
def end(request: MemberRequest, announcement_id: UUID) -> HttpResponse:
    announcements.end(actor_id=request.member.pk, announcement_id=announcement_id)
    toast(request, "Ended. It stays in the list of past ones.")
    return redirect("console:announcements")


urlpatterns = [
    path("announcements", write, name="announcements"),
    path("announcements/<uuid:announcement_id>/end", end, name="announcement-end"),
]
