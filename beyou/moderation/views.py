"""The page of decisions about a member, which who is suspended can read, too."""

from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.core import limits
from beyou.core.errors import ApplicationError, NotFound
from beyou.core.toasts import toast
from beyou.moderation import queries, services
from beyou.moderation.forms import AppealForm
from beyou.moderation.rules import LIMITED
from beyou.users.http import MemberRequest, member_required, suspended_member

if TYPE_CHECKING:
    from beyou.users.models import User


@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    """What was decided, until when, and what can be said against it."""
    member = _reader(request)
    return _page(request, member) if member else _sign_in(request)


def _reader(request: HttpRequest) -> "User | None":
    member: User | None = getattr(request, "member", None)
    return member or suspended_member(request)


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Visitors, and who is about to leave, are sent where members are sent."""

    @member_required
    def never(request: MemberRequest) -> HttpResponse:
        raise NotFound

    return never(request)


def _page(
    request: HttpRequest, member: "User", about: UUID | None = None, form: Form | None = None
) -> HttpResponse:
    context = {
        "decisions": queries.decisions_about(member.pk),
        "reader": member,
        "about": about,
        "limited": LIMITED,
        "form": form or AppealForm(),
        "base": "base_public.html" if member.is_suspended else "base.html",
    }
    return render(request, "moderation/decisions.html", context, status=422 if form else 200)


@require_safe
def record(request: HttpRequest, sanction_id: UUID) -> HttpResponse:
    """What the member may keep, and show to anybody who has the ledger's key."""
    member = _reader(request)
    if member is None:
        return _sign_in(request)
    return HttpResponse(
        orjson.dumps(queries.receipt_for(member.pk, sanction_id), option=orjson.OPT_INDENT_2),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="decision-{sanction_id}.json"'},
    )


@require_POST
def appeal(request: HttpRequest, sanction_id: UUID) -> HttpResponse:
    """The member objects; what was typed is kept when that is not possible."""
    member = _reader(request)
    if member is None:
        return _sign_in(request)
    form = AppealForm(request.POST)
    if form.is_valid():
        limits.check("appeal.member", str(member.pk))
        try:
            services.appeal(member_id=member.pk, sanction_id=sanction_id, words=form.cleaned_data["words"])
        except ApplicationError as error:
            if isinstance(error, NotFound):
                raise
            form.add_error("words", error.detail)
        else:
            toast(request, "We have it. Somebody else than who decided will answer.")
            return redirect("moderation:decisions")
    return _page(request, member, sanction_id, form)
