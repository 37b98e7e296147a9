"""The staff pages of members: finding one, what is known of them, and what can be done."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.console import filters, queries, services
from beyou.console.member_forms import EndForm, MembersForm, WhyForm
from beyou.core.errors import InvalidInput
from beyou.core.http import client_ip
from beyou.core.toasts import toast
from beyou.moderation.forms import SanctionForm
from beyou.users.http import MemberRequest, staff_required
from beyou.users.queries import Contact
from beyou.users.rules import Level
from beyou.users.staff_queries import member_page

moderator = staff_required(Level.MODERATOR)


@require_safe
@moderator
def members(request: MemberRequest) -> HttpResponse:
    """Everybody, those who joined last first; as a part of the page when htmx asks."""
    form = MembersForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of members.")
    wanted = form.cleaned_data
    page = member_page(text=wanted["q"], standing=wanted["standing"], before=wanted["before"])
    next_url = "?" + urlencode(form.carried() | {"before": str(page.next)}) if page.next else ""
    context = {"form": form, "page": page, "next_url": next_url}
    part = bool(request.headers.get("HX-Request"))
    if not part:
        context["shelf"] = filters.shelf_for(request.member.pk, "members", form.carried())
    template = "console/_member_lines.html" if part else "console/members.html"
    return render(request, template, context)


@require_safe
@moderator
def member(request: MemberRequest, member_id: UUID) -> HttpResponse:
    return member_answer(request, member_id)


def member_answer(
    request: MemberRequest,
    member_id: UUID,
    contact: Contact | None = None,
    preview: dict[str, str] | None = None,
    **sent: Form,
) -> HttpResponse:
    """The page of the member, with what could not be done as it was typed."""
    context: dict[str, Any] = {
        "case": queries.member_case(member_id, request.member.pk, request.levels),
        "contact": contact,
        "preview": preview,
        "show_form": WhyForm(auto_id="id_show_%s"),
        "end_form": EndForm(auto_id="id_end_%s"),
        "sanction_form": SanctionForm(auto_id="id_sanction_%s"),
    }
    status = 422 if any(form.errors for form in sent.values()) else 200
    return render(request, "console/member.html", context | sent, status=status)


@require_POST
@moderator
def show(request: MemberRequest, member_id: UUID) -> HttpResponse:
    """The private data, once, on this answer; the look is written down before it."""
    form = WhyForm(request.POST, auto_id="id_show_%s")
    if not form.is_valid():
        return member_answer(request, member_id, show_form=form)
    contact = services.look_at_contact(
        actor_id=request.member.pk,
        member_id=member_id,
        why=form.cleaned_data["why"],
        address=client_ip(request),
    )
    return member_answer(request, member_id, contact)


@require_POST
@moderator
def end_sessions(request: MemberRequest, member_id: UUID) -> HttpResponse:
    form = EndForm(request.POST, auto_id="id_end_%s")
    if not form.is_valid():
        return member_answer(request, member_id, end_form=form)
    ended = services.end_sessions_of(
        actor_id=request.member.pk,
        member_id=member_id,
        why=form.cleaned_data["why"],
        address=client_ip(request),
    )
    toast(request, f"{ended} session{'' if ended == 1 else 's'} ended.")
    return redirect("console:member", member_id)
