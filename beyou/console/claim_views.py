"""Claims that the two sides could not settle. Finance staff and owners only, and never in their own case."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.console.forms import DecideForm, PlaceForm
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.http import client_ip
from beyou.core.ports import options
from beyou.core.toasts import toast
from beyou.disputes import queries, services
from beyou.disputes.rules import State, needs_two
from beyou.media.http import media_response
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level

finance = staff_required(Level.FINANCE)


def _place(request: MemberRequest) -> dict[str, UUID | None]:
    form = PlaceForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of claims.")
    return form.cleaned_data


@require_safe
@finance
def claims(request: MemberRequest) -> HttpResponse:
    """What waits for a decision, the longest waiting first; as a part of the page when htmx asks."""
    context = {"queue": queries.queue_for(request.member.pk), "at": _place(request)["at"]}
    part = bool(request.headers.get("HX-Request"))
    return render(request, "console/_claim_list.html" if part else "console/claims.html", context)


@require_safe
@finance
def settled(request: MemberRequest) -> HttpResponse:
    """What is over, the newest first."""
    page = queries.decided_for(request.member.pk, before=_place(request)["before"])
    context = {"page": page, "next_url": f"?before={page.next}" if page.next else ""}
    part = bool(request.headers.get("HX-Request"))
    return render(request, "console/_settled_lines.html" if part else "console/settled.html", context)


@require_safe
@finance
def case(request: MemberRequest, claim_id: UUID) -> HttpResponse:
    return _case(request, claim_id)


def _case(request: MemberRequest, claim_id: UUID, refused: DecideForm | None = None) -> HttpResponse:
    """One case with everything that was said and shown. That it was looked at is written down before."""
    claim = services.open_case(claim_id=claim_id, staff_id=request.member.pk)
    context: dict[str, Any] = {
        "queue": queries.queue_for(request.member.pk),
        "at": claim.pk,
        "claim": claim,
        "lines": queries.history(claim, for_staff=True),
        "line": queries.waiting([claim], request.member.pk)[0],
        "is_waiting": claim.state == State.REVIEW,
        "needs_two": needs_two(claim.total_minor, options.number("claim_four_eyes")),
        "form": refused or DecideForm(currency=claim.currency),
        "refused": refused,
    }
    return render(request, "console/claim.html", context, status=422 if refused else 200)


@require_safe
@finance
def picture(request: MemberRequest, claim_id: UUID, evidence_id: UUID) -> HttpResponse:
    """A picture of the case. That it was looked at is written down before."""
    file = services.open_picture(
        claim_id=claim_id, evidence_id=evidence_id, staff_id=request.member.pk, address=client_ip(request)
    )
    return media_response(file)


@require_POST
@finance
def hold(request: MemberRequest, claim_id: UUID) -> HttpResponse:
    services.hold(claim_id=claim_id, staff_id=request.member.pk)
    return redirect("console:claim-case", claim_id=claim_id)


@require_POST
@finance
def let_go(request: MemberRequest, claim_id: UUID) -> HttpResponse:
    services.let_go(claim_id=claim_id, staff_id=request.member.pk)
    return redirect("console:claims")


@require_POST
@finance
def decide(request: MemberRequest, claim_id: UUID) -> HttpResponse:
    """The decision, or the first half of one that needs two."""
    claim = queries.case_for(request.member.pk, request.levels, claim_id)
    form = DecideForm(request.POST, currency=claim.currency)
    if form.is_valid():
        said = form.cleaned_data
        try:
            is_settled = services.decide(
                claim_id=claim_id,
                staff_id=request.member.pk,
                refund_minor=said["amount"],
                reason=said["text"],
            )
        except ApplicationError as error:
            if isinstance(error, NotFound):
                raise
            form.add_error(None, error.detail)
        else:
            toast(request, "Decided. Both read why." if is_settled else "Proposed. A colleague must agree.")
            return redirect("console:claims")
    return _case(request, claim_id, form)
