"""Joining, signing in and out, on allauth's flows."""

import json
from typing import Any

from allauth.account import views as allauth
from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from beyou.core.errors import NotFound
from beyou.core.http import client_ip
from beyou.instance.errors import InvitationOver
from beyou.users import mail, proof_of_work
from beyou.users.forms import HandleTaken


class SignUp(allauth.SignupView):
    """A new account, which the code from the mail opens."""

    template_name = "users/sign_up.html"
    http_method_names = ["get", "head", "post"]

    def get_initial(self) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_initial()
        return initial | {"invitation": self.request.GET.get("invitation", "")[:200]}

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_form_kwargs()
        return kwargs | {"address": client_ip(self.request)}

    def form_valid(self, form: Form) -> HttpResponse:
        response: HttpResponse
        try:
            response = super().form_valid(form)
        except HandleTaken:
            form.add_error("handle", "This handle was taken just now. Please choose another.")
            response = self.form_invalid(form)
        except InvitationOver as error:
            form.add_error("invitation", error.detail)
            response = self.form_invalid(form)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "challenge": json.dumps(proof_of_work.new_challenge()),
            "least": settings.PASSWORD_MIN_LENGTH,
            "providers": settings.OIDC_PROVIDERS,
        }


class SignIn(allauth.LoginView):
    """The page of the password."""

    template_name = "users/sign_in.html"
    http_method_names = ["get", "head", "post"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"providers": settings.OIDC_PROVIDERS}


class SignOut(allauth.LogoutView):
    """Only a POST signs out, so that no link or picture can."""

    http_method_names = ["post"]


class EnterCode(allauth.ConfirmEmailVerificationCodeView):
    """The page of the code that was mailed."""

    template_name = "users/code.html"
    http_method_names = ["get", "head", "post"]


def start_again(request: HttpRequest) -> HttpResponse:
    """Where allauth sends somebody whose sign-up was lost, such as after five wrong codes."""
    return redirect("account_login")


@require_safe
def caught_mail(request: HttpRequest) -> HttpResponse:
    """The mails of a development instance; on any other there is no such page."""
    if settings.MODE != "development":
        raise NotFound
    return render(request, "users/caught_mail.html", {"mails": mail.caught()})
