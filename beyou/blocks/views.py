"""The list of blocked members, and the two changes to it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from beyou.blocks import queries, services
from beyou.core.errors import NotFound
from beyou.core.toasts import toast
from beyou.users import queries as users
from beyou.users.http import MemberRequest, member_required

SHOWN = 200


@require_safe
@member_required
def blocked(request: MemberRequest) -> HttpResponse:
    return render(request, "blocks/blocked.html", {"blocks": queries.blocks_of(request.member.pk)[:SHOWN]})


@require_POST
@member_required
def block(request: MemberRequest, handle: str) -> HttpResponse:
    """Whoever blocked the member already looks like nobody, here too."""
    other = queries.visible_to(request.member.pk, users.listed_members()).filter(handle=handle).first()
    if other is None:
        raise NotFound
    services.block(member_id=request.member.pk, other_id=other.pk, reason=request.POST.get("reason", ""))
    toast(
        request,
        f"@{handle} is blocked and does not learn of it.",
        undo=reverse("blocks:unblock", args=[handle]),
    )
    return redirect("blocks:blocked")


@require_POST
@member_required
def unblock(request: MemberRequest, handle: str) -> HttpResponse:
    row = queries.blocks_of(request.member.pk).filter(blocked__handle=handle).first()
    if row is None:
        raise NotFound
    services.unblock(member_id=request.member.pk, other_id=row.blocked_id)
    toast(request, f"@{handle} is not blocked any more.")
    return redirect("blocks:blocked")
