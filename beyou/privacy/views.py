"""The page of a member's data: a copy of it, and leaving."""

from typing import cast
from uuid import UUID

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core import limits
from beyou.core.http import client_ip
from beyou.core.toasts import toast
from beyou.privacy import queries, services
from beyou.privacy.errors import TooLateToStay
from beyou.privacy.forms import LeaveForm
from beyou.users import deletion
from beyou.users.http import (
    MemberRequest,
    leaving_member,
    member_required,
    recently_authenticated,
    sign_in_attempt,
)
from beyou.users.rules import SecurityKind
from beyou.users.services import note_security

_TOKENS_ENDED = "Your access tokens stay revoked: make new ones in the settings where you need them."


@require_safe
@member_required
def data(request: MemberRequest) -> HttpResponse:
    """How far the copy is; as a part of the page when htmx asks."""
    part = bool(request.headers.get("HX-Request"))
    context = {"export": queries.latest_export(request.member.pk), "days": deletion.COOL_OFF.days}
    return render(request, "privacy/_export.html" if part else "privacy/data.html", context)


@require_POST
@recently_authenticated
def request_export(request: MemberRequest) -> HttpResponse:
    services.request_export(member_id=request.member.pk)
    note_security(
        member_id=request.member.pk, kind=SecurityKind.EXPORT_ASKED, attempt=sign_in_attempt(request)
    )
    return redirect("privacy:data")


@require_safe
@recently_authenticated
def download(request: MemberRequest, export_id: UUID) -> HttpResponse:
    """The ZIP, for nobody but the member, and only with a fresh proof of who that is."""
    export = queries.export_for(request.member.pk, export_id)
    name = f"beyou-{request.member.handle}-{export.created_at:%Y-%m-%d}.zip"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(export.size),
    }
    stream = StreamingHttpResponse(
        services.open_export(export), content_type="application/zip", headers=headers
    )
    return cast(HttpResponse, stream)


@require_POST
@member_required
def delete_export(request: MemberRequest, export_id: UUID) -> HttpResponse:
    services.delete_export(member_id=request.member.pk, export_id=export_id)
    toast(request, "The copy is gone from here.")
    return redirect("privacy:data")


@require_http_methods(["GET", "HEAD", "POST"])
@recently_authenticated
def leave(request: MemberRequest) -> HttpResponse:
    """What leaving means, and the request to erase the account."""
    member, days = request.member, deletion.COOL_OFF.days
    form = LeaveForm(request.POST if request.method == "POST" else None, own_handle=member.handle)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "privacy/leave.html", {"form": form, "days": days}, status=status)
    limits.check("leave.member", str(member.pk))
    due = deletion.request_deletion(member_id=member.pk, address=client_ip(request))
    note_security(member_id=member.pk, kind=SecurityKind.DELETION_ASKED, attempt=sign_in_attempt(request))
    logout(request)
    # The page is a visitor's already.
    request.member = None  # type: ignore[assignment]  # signed out
    return render(request, "privacy/requested.html", {"due": due})


@require_http_methods(["GET", "HEAD", "POST"])
def leaving(request: HttpRequest) -> HttpResponse:
    """Where a member who asked to be erased arrives after signing in: one click undoes it."""
    member = leaving_member(request)
    if member is None:
        return _not_leaving(request)
    tokens = deletion.tokens_ended_by(member)
    if request.method != "POST":
        context = {"due": member.deletion_due_at, "name": member.name, "tokens": tokens}
        return render(request, "privacy/leaving.html", context)
    if not deletion.cancel_deletion(member_id=member.pk, address=client_ip(request)):
        raise TooLateToStay
    note_security(member_id=member.pk, kind=SecurityKind.DELETION_CANCELLED, attempt=sign_in_attempt(request))
    toast(request, f"Good to have you back. {_TOKENS_ENDED if tokens else 'Everything is as it was.'}")
    return redirect("pages:home")


def _not_leaving(request: HttpRequest) -> HttpResponse:
    """Members who stay have nothing to do here; visitors sign in first."""

    @member_required
    def stay(request: MemberRequest) -> HttpResponse:
        return redirect("pages:home")

    return stay(request)
