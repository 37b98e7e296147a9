"""The member's pages: asking to be verified, how it stands, and what it unlocks."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import ApplicationError
from beyou.core.ports import options
from beyou.core.toasts import toast
from beyou.users import queries as users
from beyou.users.http import MemberRequest, member_required
from beyou.users.rules import Level
from beyou.verification import queries, services
from beyou.verification.forms import RequestForm
from beyou.verification.models import VerificationRequest
from beyou.verification.rules import ANSWERABLE, OPEN, Part, State


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def verify(request: MemberRequest) -> HttpResponse:
    """How the member's request stands; the form while there is something to send."""
    last = queries.last_request(request.member.pk)
    is_answer = last is not None and State(last.state) in ANSWERABLE
    parts = queries.parts_asked(last) if last is not None and is_answer else frozenset(Part)
    if request.method != "POST":
        return _page(request, last, RequestForm(parts=parts))
    form = RequestForm(request.POST, request.FILES, parts=parts)
    if form.is_valid() and _send(request, form, is_answer=is_answer):
        toast(request, "We have it. You can close this page: we tell you as soon as it is decided.")
        return redirect("verification:verify")
    return _page(request, last, form)


def _send(request: MemberRequest, form: RequestForm, *, is_answer: bool) -> bool:
    """Whether the request was taken; the form says what is wrong with the picture, or why not."""
    image, reason = form.image_bytes(), form.cleaned_data.get("reason")
    try:
        if is_answer:
            services.resubmit(member_id=request.member.pk, reason=reason, image=image)
        else:
            services.submit(member_id=request.member.pk, reason=reason or "", image=image or b"")
    except ApplicationError as error:
        form.add_error(
            "image" if error.code in _ABOUT_IMAGES and "image" in form.fields else None, error.detail
        )
        return False
    return True


_ABOUT_IMAGES = ("not_an_image", "image_too_large", "image_too_small", "unreadable_image", "quota_used_up")


def _page(request: MemberRequest, last: VerificationRequest | None, form: RequestForm) -> HttpResponse:
    context = _status(request, last) | {"form": form}
    return render(request, "verification/verify.html", context, status=422 if form.is_bound else 200)


def _status(request: MemberRequest, last: VerificationRequest | None) -> dict[str, Any]:
    decision = queries.last_decision(last.pk) if last else None
    is_waiting = last is not None and last.state in (State.PENDING, State.CLAIMED)
    is_owner = request.member.is_staff and Level.OWNER in users.levels_of(request.member.pk)
    return {
        "last": last,
        "decision": decision,
        "words": queries.words_of(decision) if decision else "",
        "is_verified": request.member.is_verified,
        "is_waiting": is_waiting,
        "is_open": last is not None and State(last.state) in OPEN,
        "expected": queries.wait_to_expect() if is_waiting else None,
        "document_days": options.number("verification_document_days"),
        "nobody_above": services.NOBODY_ABOVE if is_owner and not request.member.is_verified else "",
        "shows_form": not request.member.is_verified and not is_waiting and not is_owner,
    }


@require_safe
@member_required
def status(request: MemberRequest) -> HttpResponse:
    """The part of the page that says how the request stands, for when a live frame says that it moved."""
    last = queries.last_request(request.member.pk)
    return render(request, "verification/_status.html", _status(request, last) | {"is_part": True})


@require_POST
@member_required
def withdraw(request: MemberRequest) -> HttpResponse:
    services.withdraw(member_id=request.member.pk)
    toast(request, "Taken back. Your document is deleted.")
    return redirect("verification:verify")


@require_safe
@member_required
def verified(request: MemberRequest) -> HttpResponse:
    """What being verified unlocks."""
    return render(request, "verification/verified.html", {"is_verified": request.member.is_verified})
