"""The staff page of announcements."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from beyou.console.place_forms import AnnouncementForm, ChangeForm
from beyou.core import clock
from beyou.core.toasts import toast
from beyou.instance import announcements
from beyou.instance.errors import AnnouncementChanged
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


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(Level.MODERATOR)
def change(request: MemberRequest, announcement_id: UUID) -> HttpResponse:
    """One that is not over. A POST saves it, or shows how it will look."""
    row = announcements.announcement(announcement_id)
    if request.method != "POST":
        return _change_page(request, row, ChangeForm(initial=_values(row)))
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return _change_page(request, row, form, status=422)
    if request.POST.get("do") == "preview":
        text = paragraphs(form.cleaned_data["text"])
        return _change_page(request, row, form, preview=form.cleaned_data, paragraphs=text)
    wanted = dict(form.cleaned_data)
    seen = wanted.pop("version")
    try:
        is_other = announcements.change(
            actor_id=request.member.pk, announcement_id=announcement_id, seen_version=seen, **wanted
        )
    except AnnouncementChanged as error:
        return _conflict(request, announcement_id, form, error)
    toast(request, "Changed. Every page shows it within seconds." if is_other else "Nothing was different.")
    return redirect("console:announcements")


def _values(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("version", *announcements.FIELDS)}


def _conflict(
    request: MemberRequest, announcement_id: UUID, form: ChangeForm, error: AnnouncementChanged
) -> HttpResponse:
    """What was typed stays in the fields, beside what somebody else has saved. Saving again replaces that
    version, and no later one.
    """
    row = announcements.announcement(announcement_id)
    theirs = [
        (form.fields[name].label, _said(getattr(row, name)))
        for name in announcements.FIELDS
        if getattr(row, name) != form.cleaned_data[name]
    ]
    typed = ChangeForm(initial=form.cleaned_data | {"version": row.version})
    return _change_page(request, row, typed, status=409, conflict=error.detail, theirs=theirs)


def _said(value: Any) -> Any:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value or "empty"


def _change_page(
    request: MemberRequest, row: Any, form: ChangeForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"form": form, "row": row, "is_over": row.ends_at <= clock.now()}
    return render(request, "console/announcement.html", context | more, status=status)


@require_POST
@staff_required(Level.MODERATOR)
def end(request: MemberRequest, announcement_id: UUID) -> HttpResponse:
    announcements.end(actor_id=request.member.pk, announcement_id=announcement_id)
    toast(request, "Ended. It stays in the list of past ones.")
    return redirect("console:announcements")


urlpatterns = [
    path("announcements", write, name="announcements"),
    path("announcements/<uuid:announcement_id>", change, name="announcement"),
    path("announcements/<uuid:announcement_id>/end", end, name="announcement-end"),
]
