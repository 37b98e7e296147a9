"""The staff pages of the place itself: its settings."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from beyou.console.place_forms import SettingsForm
from beyou.core.toasts import toast
from beyou.instance import queries, services
from beyou.instance.errors import SettingsChanged
from beyou.instance.rules import paragraphs
from beyou.users.http import MemberRequest, staff_required
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


urlpatterns = [path("settings", settings, name="settings")]
