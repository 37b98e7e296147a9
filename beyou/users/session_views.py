"""The pages of sessions and of the security log."""

from uuid import UUID

from allauth.account.internal.flows.login import clear_authentication_records
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import InvalidInput
from beyou.core.toasts import toast
from beyou.users import queries, security_log, takeover
from beyou.users.http import MemberRequest, member_required, own_session, sign_in_attempt
from beyou.users.proofs import kinds_of
from beyou.users.session_store import SessionStore


class PositionForm(forms.Form):
    """Where in the log the page begins."""

    before = forms.UUIDField(required=False)


@require_safe
@member_required
def sessions(request: MemberRequest) -> HttpResponse:
    rows = security_log.open_sessions(request.member.pk)
    part = bool(request.headers.get("HX-Request"))
    template = "users/_sessions.html" if part else "users/sessions.html"
    return render(request, template, {"sessions": rows, "own": own_session(request)})


@require_POST
@member_required
def end_one(request: MemberRequest, session_id: UUID) -> HttpResponse:
    takeover.end_session(member_id=request.member.pk, session_id=session_id, attempt=sign_in_attempt(request))
    toast(request, "That session has ended.")
    return redirect("sessions:sessions")


@require_POST
@member_required
def end_others(request: MemberRequest) -> HttpResponse:
    ended = takeover.end_other_sessions(member_id=request.member.pk, attempt=sign_in_attempt(request))
    count = "1 session has" if ended == 1 else f"{ended} sessions have"
    toast(request, f"{count} ended. You are signed in only here.")
    return redirect("sessions:sessions")


@require_POST
@member_required
def stay(request: MemberRequest) -> HttpResponse:
    """The idle time begins anew; for browsers without scripts the page comes back."""
    assert isinstance(request.session, SessionStore)
    request.session.touch()
    toast(request, "You stay signed in.")
    return redirect("sessions:sessions")


@require_safe
@member_required
def log(request: MemberRequest) -> HttpResponse:
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in your security log.")
    page = security_log.log_page(request.member.pk, before=form.cleaned_data["before"])
    part = bool(request.headers.get("HX-Request"))
    return render(request, "users/_log.html" if part else "users/log.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def not_me(request: MemberRequest, entry_id: UUID) -> HttpResponse:
    """Says what will happen, and does it on a POST. What the session had proved no longer counts."""
    entry = security_log.log_entry(request.member.pk, entry_id)
    if request.method != "POST":
        return render(request, "users/not_me.html", {"entry": entry})
    clear_authentication_records(request)
    takeover.disown(member_id=request.member.pk, attempt=sign_in_attempt(request))
    return redirect("new_password")


@require_safe
@member_required
def check(request: MemberRequest) -> HttpResponse:
    """What somebody who was in the account may have left behind."""
    context = {
        "kinds": kinds_of(request.member.pk),
        "tokens": len(queries.usable_tokens(request.member.pk)),
        "sessions": len(security_log.open_sessions(request.member.pk)),
    }
    return render(request, "users/check.html", context)


app_name = "sessions"
urlpatterns = [
    path("settings/sessions", sessions, name="sessions"),
    path("settings/sessions/others/end", end_others, name="end-others"),
    path("settings/sessions/stay", stay, name="stay"),
    path("settings/sessions/<uuid:session_id>/end", end_one, name="end"),
    path("settings/log", log, name="log"),
    path("settings/log/check", check, name="check"),
    path("settings/log/<uuid:entry_id>/not-me", not_me, name="not-me"),
]
