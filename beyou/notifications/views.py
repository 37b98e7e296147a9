"""The activity centre."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.core.errors import InvalidInput
from beyou.notifications import queries, services
from beyou.notifications.forms import PositionForm
from beyou.users.http import MemberRequest, member_required


@require_safe
@member_required
def activity(request: MemberRequest) -> HttpResponse:
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in your activity.")
    before = form.cleaned_data["before"]
    page = queries.notification_page(request.member.pk, before=before)
    part = bool(request.headers.get("HX-Request"))
    template = "notifications/_items.html" if part else "notifications/activity.html"
    return render(request, template, {"page": page})


@require_POST
@member_required
def open_one(request: MemberRequest, notification_id: UUID) -> HttpResponse:
    """Marks the notice as read and goes where it leads."""
    row = queries.notification_for(request.member.pk, notification_id)
    services.mark_read(member_id=request.member.pk, notification_id=row.id)
    return redirect(row.target or (f"/u/{row.actor.handle}" if row.actor else "/activity"))


@require_POST
@member_required
def read_all(request: MemberRequest) -> HttpResponse:
    services.mark_read(member_id=request.member.pk)
    return redirect("notifications:activity")
