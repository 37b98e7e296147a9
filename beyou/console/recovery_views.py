"""The staff pages of members who lost every second step."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from beyou.console import queries
from beyou.console.forms import RefuseForm
from beyou.core.errors import InvalidInput
from beyou.core.toasts import toast
from beyou.users import account_recovery
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level


@require_safe
@staff_required(Level.VERIFIER)
def recoveries(request: MemberRequest) -> HttpResponse:
    """Who waits for help, the longest waiting first, and what became of the last ones."""
    return render(request, "console/recoveries.html", {"lists": queries.recoveries()})


@require_safe
@staff_required(Level.VERIFIER)
def recovery(request: MemberRequest, recovery_id: UUID) -> HttpResponse:
    context = {"case": queries.recovery_case(recovery_id, request.member.pk), "form": RefuseForm()}
    return render(request, "console/recovery.html", context)


@require_POST
@staff_required(Level.VERIFIER)
def approve(request: MemberRequest, recovery_id: UUID) -> HttpResponse:
    account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=request.member.pk)
    toast(request, "You agreed. It is written to the audit with your name.")
    return redirect("console:recovery", recovery_id)


@require_POST
@staff_required(Level.VERIFIER)
def refuse(request: MemberRequest, recovery_id: UUID) -> HttpResponse:
    form = RefuseForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Say why, in at most 300 characters: the member reads it. Go back and try again.")
    account_recovery.refuse_recovery(
        recovery_id=recovery_id, staff_id=request.member.pk, answer=form.cleaned_data["answer"]
    )
    toast(request, "Refused. The member gets your answer by mail.")
    return redirect("console:recoveries")


urlpatterns = [
    path("recoveries", recoveries, name="recoveries"),
    path("recoveries/<uuid:recovery_id>", recovery, name="recovery"),
    path("recoveries/<uuid:recovery_id>/approve", approve, name="approve_recovery"),
    path("recoveries/<uuid:recovery_id>/refuse", refuse, name="refuse_recovery"),
]
