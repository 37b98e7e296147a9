"""The staff pages of what owners decide in numbers and words, one for each section."""

from typing import Any, Final

from django.conf import settings as environment
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from beyou.console import retention
from beyou.console.option_forms import OptionsForm, defaults
from beyou.core.toasts import toast
from beyou.instance import options, queries, services
from beyou.instance.errors import SettingsChanged
from beyou.instance.options import OPTIONS, Section
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level

#: Section → what its page says on top.
_INTRO: Final = {
    Section.MARKET: (
        "Market",
        "What trading costs and who looks. Payments and the currency are set by whoever runs the server.",
    ),
    Section.LIMITS: (
        "Limits",
        "What one member may do only so often. New members may do less; it grows with age and verification.",
    ),
    Section.RETENTION: (
        "Retention",
        "How long things are kept. The ledger, orders, money and the audit itself are never shortened.",
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(Level.OWNER)
def section(request: MemberRequest, name: str) -> HttpResponse:
    """One page of options. A POST saves what was typed, or the defaults."""
    chosen = Section(name)
    state = queries.saved()
    if request.method != "POST":
        return _page(request, chosen, OptionsForm(chosen, state))
    is_reset = request.POST.get("do") == "defaults"
    data = defaults(chosen, request.POST.get("version")) if is_reset else request.POST
    form = OptionsForm(chosen, state, data)
    if not form.is_valid():
        return _page(request, chosen, form, status=422)
    shorter = retention.shortened(state, form.values)
    if shorter and request.POST.get("agreed") != retention.agreement(shorter):
        agreed = retention.agreement(shorter)
        return _page(request, chosen, form, shorter=shorter, agreed=agreed)
    try:
        _save(request, chosen, form)
    except SettingsChanged as error:
        return _conflict(request, chosen, form, error)
    return redirect(f"console:settings-{chosen}")


def _save(request: MemberRequest, chosen: Section, form: OptionsForm) -> None:
    is_new = services.save_options(
        actor_id=request.member.pk,
        section=chosen,
        seen_version=form.cleaned_data["version"],
        wanted=form.values,
        currency=environment.MARKET_CURRENCY,
    )
    toast(request, "Saved. It holds everywhere within seconds." if is_new else "Nothing was different.")


def _conflict(
    request: MemberRequest, chosen: Section, form: OptionsForm, error: SettingsChanged
) -> HttpResponse:
    """Both are shown: in the fields what was typed, beside it what somebody else has saved. Saving again
    replaces that version, and no later one.
    """
    state = queries.saved()
    theirs = [
        (OPTIONS[name].label, options.shown(OPTIONS[name], state.option(name), environment.MARKET_CURRENCY))
        for name, value in form.values.items()
        if state.option(name) != value
    ]
    typed = OptionsForm(chosen, state, {**dict(form.data.items()), "version": state.versions.get(chosen, 0)})
    return _page(request, chosen, typed, status=409, conflict=error.detail, theirs=theirs)


def _page(
    request: MemberRequest, chosen: Section, form: OptionsForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    title, intro = _INTRO[chosen]
    context = {"form": form, "section": chosen.value, "title": title, "intro": intro}
    return render(request, "console/options.html", context | more, status=status)


urlpatterns = [
    path(f"settings/{each}", section, {"name": each.value}, name=f"settings-{each}") for each in Section
]
