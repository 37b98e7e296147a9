"""The pages of a forgotten password and of another one."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from beyou.core import limits
from beyou.core.errors import ApplicationError, RateLimited
from beyou.core.http import client_ip
from beyou.core.toasts import toast
from beyou.users import password_gate, proof_of_work, proofs, resets
from beyou.users.errors import LinkOver, SecondStepNeeded, WrongSecondStep
from beyou.users.http import MemberRequest, member_required
from beyou.users.models import PasswordReset
from beyou.users.password_forms import AskForm, ChangePasswordForm, NewPasswordForm

RESET = "password_reset"
form_page = require_http_methods(["GET", "HEAD", "POST"])
P = ParamSpec("P")


def link_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Shows one page for every link that opens nothing."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except LinkOver as error:
            return render(request, "users/link_over.html", {"error": error}, status=error.status)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", wrapped)


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, also when that is nothing."""
    return request.POST if request.method == "POST" else None


@form_page
def ask(request: HttpRequest) -> HttpResponse:
    """Asks for an address and answers alike for every one."""
    form = AskForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            proof_of_work.take(form.cleaned_data["proof"])
            resets.ask_reset(email=form.cleaned_data["email"], address=client_ip(request))
            return redirect("recover_sent")
        except ApplicationError as error:
            form.add_error(None, error.detail)
    context = {"form": form, "challenge": json.dumps(proof_of_work.new_challenge())}
    return render(request, "users/recover.html", context)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    return render(request, "users/recover_sent.html")


@require_safe
@never_cache
@link_page
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the token out of the address at once: the session remembers which link was opened. Looking at
    it uses nothing up, since mail scanners look, too.
    """
    reset = resets.reset_of_token(token)
    request.session[RESET] = str(reset.id)
    response = redirect("recover_password")
    response["Referrer-Policy"] = "no-referrer"
    return response


@sensitive_post_parameters()
@form_page
@link_page
def new_password(request: HttpRequest) -> HttpResponse:
    """A new password, and a second step for an account that has one; afterwards one signs in with them."""
    reset = resets.reset_of_id(request.session.get(RESET))
    kinds = proofs.kinds_of(reset.member_id)
    form = NewPasswordForm(posted(request), member=reset.member)
    if request.method == "POST" and form.is_valid() and _reset(request, reset, form):
        request.session.flush()
        toast(request, "Your password is changed. Sign in with it.")
        return redirect("account_login")
    context: dict[str, Any] = {
        "form": form,
        "least": settings.PASSWORD_MIN_LENGTH,
        "person": reset.member,
        "kinds": kinds,
    }
    if "webauthn" in kinds:
        context["question"] = json.dumps(proofs.ask_passkey(request, reset.member))
    return render(request, "users/recover_password.html", context)


def _reset(request: HttpRequest, reset: PasswordReset, form: NewPasswordForm) -> bool:
    """Whether the password is changed; otherwise the form says why not. Raises `LinkOver`."""
    data = form.cleaned_data
    try:
        password_gate.use_link(
            request,
            reset,
            password=data["password"],
            code=data["code"].strip(),
            passkey=data["passkey"],
        )
    except (SecondStepNeeded, WrongSecondStep, RateLimited) as error:
        form.add_error("code", error.detail)
        return False
    return True


@sensitive_post_parameters()
@form_page
@member_required
def change(request: MemberRequest) -> HttpResponse:
    """Another password for somebody who knows the old one."""
    kinds = proofs.kinds_of(request.member.pk)
    needs_factor = bool(kinds) and not password_gate.has_shown_lately(request, request.member.pk)
    form = ChangePasswordForm(posted(request), member=request.member)
    if request.method == "POST" and form.is_valid() and _change(request, form, needs_factor=needs_factor):
        toast(request, "Your password is changed.")
        return redirect("change_password")
    context: dict[str, Any] = {
        "form": form,
        "least": settings.PASSWORD_MIN_LENGTH,
        "kinds": kinds if needs_factor else (),
    }
    if needs_factor and "webauthn" in kinds:
        context["question"] = json.dumps(proofs.ask_passkey(request, request.member))
    return render(request, "users/change_password.html", context)


@sensitive_post_parameters()
@form_page
@member_required
def replace(request: MemberRequest) -> HttpResponse:
    """A new password after "That wasn't me": by the link in a mail, or with a second step. The old password
    proves nothing here, since somebody else may know it.
    """
    if not request.member.needs_new_password:
        return redirect("change_password")
    if request.POST.get("by") == "mail":
        resets.ask_reset(email=request.member.email, address=client_ip(request))
        return redirect("recover_sent")
    kinds = proofs.kinds_of(request.member.pk)
    form = NewPasswordForm(posted(request), member=request.member)
    if request.method == "POST" and form.is_valid() and _replace(request, form):
        toast(request, "Your password is new. Now look whether everything here is yours.")
        return redirect("sessions:check")
    context: dict[str, Any] = {"form": form, "least": settings.PASSWORD_MIN_LENGTH, "kinds": kinds}
    if "webauthn" in kinds:
        context["question"] = json.dumps(proofs.ask_passkey(request, request.member))
    return render(request, "users/new_password.html", context)


def _replace(request: MemberRequest, form: NewPasswordForm) -> bool:
    """Whether the password is new; otherwise the form says why not."""
    data = form.cleaned_data
    try:
        limits.check("new_password.member", str(request.member.pk))
        password_gate.show_again(request, request.member, code=data["code"].strip(), passkey=data["passkey"])
        get_adapter().set_password(request.member, data["password"])
    except (SecondStepNeeded, WrongSecondStep, RateLimited) as error:
        form.add_error("code", error.detail)
        return False
    return True


def _change(request: MemberRequest, form: ChangePasswordForm, *, needs_factor: bool) -> bool:
    """Whether the password is changed; otherwise the form says why not."""
    data, field = form.cleaned_data, "current"
    try:
        limits.check("password.member", str(request.member.pk))
        if not request.member.check_password(data["current"]):
            raise WrongSecondStep("That is not your current password.")
        field = "code"
        if needs_factor:
            password_gate.show_again(
                request, request.member, code=data["code"].strip(), passkey=data["passkey"]
            )
        if not data["others"]:
            password_gate.keep_sessions(request)
        get_adapter().set_password(request.member, data["password"])
    except (SecondStepNeeded, WrongSecondStep, RateLimited) as error:
        form.add_error(field, error.detail)
        return False
    limits.forget("password.member", str(request.member.pk))
    return True
