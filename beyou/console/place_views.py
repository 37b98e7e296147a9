"""The staff pages of the place itself: its settings and invitations."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings as django_settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from beyou.console.place_forms import InvitationForm, SettingsForm
from beyou.core import clock
from beyou.core.toasts import toast
from beyou.instance import invitations, queries, services
from beyou.instance.errors import SettingsChanged
from beyou.instance.rules import INVITE, paragraphs
from beyou.users.http import MemberRequest, staff_required
from beyou.users.queries import members_by_id
from beyou.users.rules import Level


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(Level.OWNER)
def settings(request: MemberRequest) -> HttpResponse:
    """What owners set. A POST saves it, or shows how it will look."""
    if request.method != "POST":
        return _settings_page(request, SettingsForm(initial=_values(queries.saved())))
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, form, status=422)
    if request.POST.get("do") == "preview":
        return _settings_page(request, form, preview=form.cleaned_data)
    try:
        _save(request, form)
    except SettingsChanged as error:
        return _conflict(request, form, error)
    return redirect("console:settings")


def _values(saved: queries.Settings) -> dict[str, Any]:
    return {name: getattr(saved, name) for name in ("version", *queries.FIELDS)}


def _save(request: MemberRequest, form: SettingsForm) -> None:
    wanted = dict(form.cleaned_data)
    seen = wanted.pop("version")
    if services.save_settings(actor_id=request.member.pk, seen_version=seen, **wanted):
        toast(request, "Saved. Every page shows it within seconds.")
    else:
        toast(request, "Nothing was different, so nothing was changed.")


def _conflict(request: MemberRequest, form: SettingsForm, error: SettingsChanged) -> HttpResponse:
    """Both are shown: in the fields what was typed, beside it what somebody else has saved. Saving again
    replaces that version, and no later one.
    """
    saved = queries.saved()
    theirs = [
        (form.fields[name].label, getattr(saved, name) or "empty")
        for name in queries.FIELDS
        if getattr(saved, name) != form.cleaned_data[name]
    ]
    typed = SettingsForm(initial=form.cleaned_data | {"version": saved.version})
    return _settings_page(request, typed, status=409, conflict=error.detail, theirs=theirs)


def _settings_page(
    request: MemberRequest, form: SettingsForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    preview = more.get("preview")
    if preview is not None:
        more["paragraphs"] = paragraphs(preview["rules"])
    return render(request, "console/settings.html", {"form": form} | more, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(Level.OWNER)
def invite(request: MemberRequest) -> HttpResponse:
    """The invitations. A POST makes one, whose link is shown this once."""
    if request.method != "POST":
        return _invitations_page(request, InvitationForm())
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _invitations_page(request, form, status=422)
    _, token = invitations.make(actor_id=request.member.pk, **form.cleaned_data)
    link = f"{django_settings.LINK_ORIGIN}/join?{urlencode({'invitation': token})}"
    return _invitations_page(request, InvitationForm(), link=link)


def _invitations_page(
    request: MemberRequest, form: InvitationForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    rows = invitations.latest()
    people = members_by_id(row.made_by_id for row in rows)
    context = {
        "form": form,
        "rows": [(row, people.get(row.made_by_id)) for row in rows],
        "now": clock.now(),
        "is_needed": queries.saved().registration == INVITE,
    }
    return render(request, "console/invitations.html", context | more, status=status)


@require_POST
@staff_required(Level.OWNER)
def revoke(request: MemberRequest, invitation_id: UUID) -> HttpResponse:
    invitations.revoke(actor_id=request.member.pk, invitation_id=invitation_id)
    toast(request, "Taken back. Nobody joins by it any more.")
    return redirect("console:invitations")


urlpatterns = [
    path("settings", settings, name="settings"),
    path("settings/invitations", invite, name="invitations"),
    path("settings/invitations/<uuid:invitation_id>/revoke", revoke, name="invitation-revoke"),
]
