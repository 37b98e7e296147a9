"""The pages of a member who lost every second step, and of the owner who never asked."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from beyou.core.toasts import toast
from beyou.users import account_recovery, password_gate, proofs, queries, resets
from beyou.users.account_recovery import REASON_LENGTH
from beyou.users.errors import RecoveryOpen
from beyou.users.http import MemberRequest, member_required, sign_in_attempt
from beyou.users.password_forms import NewPasswordForm
from beyou.users.password_views import RESET, form_page, link_page, posted
from beyou.users.rules import RECOVERY_DELAY, RECOVERY_VALID

_RECOVERY = "account_recovery"


class ReasonForm(forms.Form):
    """What the staff need to know."""

    reason = forms.CharField(
        label="What happened?",
        help_text="Two of the staff read it. Say what you lost, and how they can tell that it is you. Never "
        "write a password here.",
        min_length=10,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


@form_page
@link_page
def ask(request: HttpRequest) -> HttpResponse:
    """Asks the staff for help, after the mailbox was proved by an opened link."""
    reset = resets.reset_of_id(request.session.get(RESET))
    if not proofs.kinds_of(reset.member_id):
        return redirect("recover_password")
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            account_recovery.ask_recovery(
                reset=reset, reason=form.cleaned_data["reason"], attempt=sign_in_attempt(request)
            )
            request.session.pop(RESET, None)
            return redirect("recovery_asked")
        except RecoveryOpen as error:
            form.add_error(None, f"{error.title}. {error.detail}")
    return render(request, "users/recovery_ask.html", {"form": form, "person": reset.member})


@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    context = {"hours": RECOVERY_DELAY.total_seconds() // 3600, "days": RECOVERY_VALID.days}
    return render(request, "users/recovery_asked.html", context)


@form_page
@never_cache
@link_page
def cancel_by_mail(request: HttpRequest, token: str) -> HttpResponse:
    """The owner says no, without signing in. Looking at it cancels nothing, since mail scanners look, too."""
    row = account_recovery.recovery_to_cancel(token)
    if request.method == "POST":
        account_recovery.cancel_recovery(recovery_id=row.id, attempt=sign_in_attempt(request))
        return render(request, "users/recovery_cancelled.html")
    return render(request, "users/recovery_cancel.html", {"row": row})


@form_page
@member_required
def own(request: MemberRequest) -> HttpResponse:
    """What somebody asked for in the member's name, and the button that ends it."""
    row = queries.open_recovery(request.member.pk)
    if request.method == "POST":
        if row is not None:
            account_recovery.cancel_recovery(recovery_id=row.id, attempt=sign_in_attempt(request))
        toast(request, "Cancelled. Nobody gets into your account that way.")
        return redirect("own_recovery")
    return render(request, "users/recovery_own.html", {"row": row})


@require_safe
@never_cache
@link_page
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the token out of the address at once; looking at it uses nothing up."""
    row = account_recovery.recovery_of_token(token)
    request.session[_RECOVERY] = str(row.id)
    response = redirect("recovery_password")
    response["Referrer-Policy"] = "no-referrer"
    return response


@sensitive_post_parameters()
@form_page
@link_page
def new_password(request: HttpRequest) -> HttpResponse:
    """A new password. The second steps of the account go, and one signs in with the new password."""
    row = account_recovery.recovery_of_id(request.session.get(_RECOVERY))
    form = NewPasswordForm(posted(request), member=row.member)
    if request.method == "POST" and form.is_valid():
        password_gate.remember_recovery(request, row)
        get_adapter().set_password(row.member, form.cleaned_data["password"])
        request.session.flush()
        toast(request, "Your password is changed. Sign in with it, and set up a new second step.")
        return redirect("account_login")
    context: dict[str, Any] = {"form": form, "least": settings.PASSWORD_MIN_LENGTH, "person": row.member}
    return render(request, "users/recover_password.html", context)


urlpatterns = [
    path("recover/account", ask, name="recovery_ask"),
    path("recover/account/asked", asked, name="recovery_asked"),
    path("recover/account/cancel/<str:token>", cancel_by_mail, name="recovery_cancel"),
    path("recover/account/link/<str:token>", open_link, name="recovery_link"),
    path("recover/account/password", new_password, name="recovery_password"),
    path("settings/recovery", own, name="own_recovery"),
]
