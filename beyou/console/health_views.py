"""The staff pages of the instance's health."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from beyou.console.forms import SilenceForm
from beyou.core.errors import InvalidInput
from beyou.core.toasts import toast
from beyou.health import queries, services
from beyou.health.rules import TITLES
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level


@require_safe
@staff_required(Level.AUDITOR)
def health(request: MemberRequest) -> HttpResponse:
    """Every check, made now, the worst first."""
    context = {
        "found": queries.overview(),
        "form": SilenceForm(),
        "may_silence": Level.OWNER in request.levels,
    }
    return render(request, "console/health.html", context)


@require_safe
@staff_required(Level.AUDITOR)
def runbook(request: MemberRequest, name: str) -> HttpResponse:
    """What to do about one check."""
    text = queries.runbook(name)
    return render(request, "console/runbook.html", {"title": TITLES[name], "text": text})


@require_POST
@staff_required(Level.OWNER)
def silence(request: MemberRequest) -> HttpResponse:
    form = SilenceForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Choose a check and for how long it is silent, on the page of the health.")
    name, hours = form.cleaned_data["check"], form.cleaned_data["hours"]
    services.silence(actor_id=request.member.pk, check_name=name, hours=hours)
    toast(request, f"{TITLES[name]} is {'silent' if hours else 'heard again'}.")
    return redirect("console:health")


urlpatterns = [
    path("health", health, name="health"),
    path("health/silence", silence, name="silence"),
    path("health/runbook/<slug:name>", runbook, name="runbook"),
]
