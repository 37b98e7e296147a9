"""The list of blocked members, and the two changes to it."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.blocks import queries, services
from beyou.blocks.forms import ReasonForm
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.toasts import toast
from beyou.users import queries as users
from beyou.users.http import MemberRequest, member_required

if TYPE_CHECKING:
    from beyou.blocks.models import UserBlock

SHOWN = 200


@require_safe
@member_required
def blocked(request: MemberRequest) -> HttpResponse:
    return render(request, "blocks/blocked.html", {"blocks": queries.blocks_of(request.member.pk)[:SHOWN]})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def block(request: MemberRequest, handle: str) -> HttpResponse:
    """Whoever blocked the member already looks like nobody, here too."""
    other = queries.visible_to(request.member.pk, users.listed_members()).filter(handle=handle).first()
    if other is None:
        raise NotFound
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "blocks/block.html", {"form": form, "person": other})
    services.block(member_id=request.member.pk, other_id=other.pk, reason=form.cleaned_data["reason"])
    toast(
        request,
        f"@{handle} is blocked and does not learn of it.",
        undo=reverse("blocks:unblock", args=[handle]),
    )
    return redirect("blocks:blocked")


@require_POST
@member_required
def change_reason(request: MemberRequest, handle: str) -> HttpResponse:
    """Another note beside the member's own block. Nobody else ever sees it."""
    row = _own(request, handle)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(f"A note has at most {services.REASON_LENGTH} characters. Go back and shorten it.")
    services.change_reason(
        member_id=request.member.pk, other_id=row.blocked_id, reason=form.cleaned_data["reason"]
    )
    toast(request, "Your note is saved.")
    return redirect("blocks:blocked")


@require_POST
@member_required
def unblock(request: MemberRequest, handle: str) -> HttpResponse:
    row = _own(request, handle)
    services.unblock(member_id=request.member.pk, other_id=row.blocked_id)
    toast(request, f"@{handle} is not blocked any more. If you were friends, ask anew.")
    return redirect("blocks:blocked")


def _own(request: MemberRequest, handle: str) -> "UserBlock":
    """Raises `NotFound` alike for nobody and for somebody whom the member has not blocked."""
    row = queries.blocks_of(request.member.pk).filter(blocked__handle=handle).first()
    if row is None:
        raise NotFound
    return row
