"""The staff pages of decisions about members: warning, suspending, seconding, lifting, answering."""

from uuid import UUID

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.console.member_views import member_answer, moderator
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.toasts import toast
from beyou.moderation import queries, services
from beyou.moderation.forms import AnswerForm, LiftForm, SanctionForm
from beyou.moderation.rules import State
from beyou.users.http import MemberRequest


@require_POST
@moderator
def sanction(request: MemberRequest, member_id: UUID) -> HttpResponse:
    """What the member will read, or the decision itself; what was typed is kept when it cannot be decided."""
    form = SanctionForm(request.POST, auto_id="id_sanction_%s")
    if not form.is_valid():
        return member_answer(request, member_id, sanction_form=form)
    chosen = form.chosen()
    if request.POST.get("do") != "decide":
        return member_answer(request, member_id, preview=form.preview(), sanction_form=form)
    try:
        made = services.sanction(actor_id=request.member.pk, member_id=member_id, **chosen)
    except ApplicationError as error:
        if isinstance(error, NotFound):
            raise
        form.add_error("what", f"{error.title}. {error.detail}")
        return member_answer(request, member_id, sanction_form=form)
    waits = made.state == State.PROPOSED
    toast(request, "It counts once somebody else agrees." if waits else "Decided. The member is told.")
    return redirect("console:member", member_id)


@require_POST
@moderator
def lift(request: MemberRequest, sanction_id: UUID) -> HttpResponse:
    form = LiftForm(request.POST)
    row = queries.sanction_of(sanction_id)
    if row is None:
        raise NotFound
    if not form.is_valid():
        raise InvalidInput("Say in a few words why: it stands in the audit. Nothing was changed.")
    services.lift(actor_id=request.member.pk, sanction_id=sanction_id, why=form.cleaned_data["why"])
    toast(request, "It counts no more. The member is told.")
    return redirect("console:member", row.member_id)


@require_safe
@moderator
def waiting(request: MemberRequest) -> HttpResponse:
    """Proposals that want a second, and objections of members."""
    return _waiting(request)


def _waiting(request: MemberRequest, about: UUID | None = None, form: Form | None = None) -> HttpResponse:
    context = {"cases": queries.waiting_for(request.member.pk), "about": about, "form": form}
    return render(request, "console/decisions.html", context, status=422 if form else 200)


@require_POST
@moderator
def second(request: MemberRequest, sanction_id: UUID) -> HttpResponse:
    agrees = request.POST.get("agrees") == "yes"
    if not agrees and request.POST.get("agrees") != "no":
        raise InvalidInput("Say whether you agree. Nothing was changed.")
    services.second(actor_id=request.member.pk, sanction_id=sanction_id, agrees=agrees)
    toast(request, "It counts from now on. The member is told." if agrees else "It never counts.")
    return redirect("console:decisions")


@require_POST
@moderator
def answer(request: MemberRequest, sanction_id: UUID) -> HttpResponse:
    """What was typed is kept when the answer cannot be given."""
    form = AnswerForm(request.POST)
    granted = request.POST.get("granted")
    if granted not in ("yes", "no"):
        raise InvalidInput("Say whether the decision stays. Nothing was changed.")
    if not form.is_valid():
        return _waiting(request, sanction_id, form)
    services.decide_appeal(
        actor_id=request.member.pk,
        sanction_id=sanction_id,
        is_granted=granted == "yes",
        answer=form.cleaned_data["answer"],
    )
    toast(request, "Answered. The member is told.")
    return redirect("console:decisions")
