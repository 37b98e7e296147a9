"""The pages of a member's e-mail address and telephone number."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput
from beyou.core.toasts import toast
from beyou.users import email_change, phones, queries, services
from beyou.users.errors import EmailChangeClosed
from beyou.users.http import MemberRequest, member_required, recently_authenticated, sign_in_attempt
from beyou.users.profile_forms import AnswerForm, CodeForm, EmailForm, PhoneForm
from beyou.users.rules import SecurityKind


@require_safe
@member_required
def contact(request: MemberRequest) -> HttpResponse:
    return _page(request)


def _page(request: MemberRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    number = queries.phone_of(request.member.pk)
    context = {
        "change": queries.open_email_change(request.member.pk),
        "phone": phones.readable_phone(number) if number else "",
        "email_form": EmailForm(),
        "code_form": CodeForm(),
        "phone_form": PhoneForm(initial={"phone": number}),
    }
    return render(request, "users/contact.html", context | forms, status=status)


def _refused(
    request: MemberRequest, name: str, form: Any, field: str, error: ApplicationError
) -> HttpResponse:
    """The page again, with what was typed and why it was refused."""
    form.add_error(field, error.detail)
    return _page(request, status=error.status, **{name: form})


@require_POST
@recently_authenticated
def change_email(request: MemberRequest) -> HttpResponse:
    """Begins a change of address."""
    form = EmailForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, email_form=form)
    try:
        services.start_email_change(member_id=request.member.pk, email=form.cleaned_data["email"])
    except ApplicationError as error:
        return _refused(request, "email_form", form, "email", error)
    _note(request, SecurityKind.EMAIL_CHANGE_ASKED)
    toast(request, "Look into both mailboxes.")
    return redirect("contact:contact")


@require_POST
@member_required
def enter_code(request: MemberRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, code_form=form)
    try:
        change = services.agree_new(member_id=request.member.pk, code=form.cleaned_data["code"])
    except EmailChangeClosed as error:
        return _refused(request, "email_form", EmailForm({"email": ""}), "email", error)
    except ApplicationError as error:
        return _refused(request, "code_form", form, "code", error)
    toast(request, "Your address was changed." if change.outcome == "done" else "Thank you. One more step.")
    return redirect("contact:contact")


@require_POST
@member_required
def cancel_change(request: MemberRequest) -> HttpResponse:
    services.cancel_email_change(member_id=request.member.pk)
    toast(request, "Stopped. You keep your address.")
    return redirect("contact:contact")


@require_POST
@recently_authenticated
def old_is_lost(request: MemberRequest) -> HttpResponse:
    services.declare_old_lost(member_id=request.member.pk)
    _note(request, SecurityKind.EMAIL_CHANGE_ASKED)
    toast(request, "We wait three days for your old address, and then go on without it.")
    return redirect("contact:contact")


@require_http_methods(["GET", "HEAD", "POST"])
def answer_from_old(request: HttpRequest, change_token: str) -> HttpResponse:
    """Where the link in the mail to the old address leads: whoever reads that mailbox agrees or stops it.
    Opening it changes nothing, since mail scanners open links.
    """
    change = email_change.change_of_token(change_token)
    if request.method != "POST":
        return render(request, "users/email_change.html", {"change": change})
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Go back, then press one of the two buttons.")
    if form.cleaned_data["answer"] == "stop":
        services.cancel_email_change_by_token(token=change_token)
        return render(request, "users/email_change.html", {"change": change, "is_stopped": True})
    change = services.agree_old(token=change_token)
    return render(request, "users/email_change.html", {"change": change, "has_agreed": True})


@require_POST
@recently_authenticated
def change_phone(request: MemberRequest) -> HttpResponse:
    form = PhoneForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, phone_form=form)
    try:
        services.set_phone(member_id=request.member.pk, phone=form.cleaned_data["phone"])
    except ApplicationError as error:
        return _refused(request, "phone_form", form, "phone", error)
    _note(request, SecurityKind.PHONE_CHANGED)
    toast(request, "Saved. Only you see it, unless you choose otherwise under Privacy.")
    return redirect("contact:contact")


@require_POST
@recently_authenticated
def remove_phone(request: MemberRequest) -> HttpResponse:
    services.remove_phone(member_id=request.member.pk)
    _note(request, SecurityKind.PHONE_CHANGED)
    toast(request, "Removed. We no longer have a number of yours.")
    return redirect("contact:contact")


def _note(request: MemberRequest, kind: SecurityKind) -> None:
    services.note_security(member_id=request.member.pk, kind=kind, attempt=sign_in_attempt(request))


app_name = "contact"
urlpatterns = [
    path("settings/contact", contact, name="contact"),
    path("settings/contact/email", change_email, name="change-email"),
    path("settings/contact/email/code", enter_code, name="enter-code"),
    path("settings/contact/email/cancel", cancel_change, name="cancel-change"),
    path("settings/contact/email/lost", old_is_lost, name="old-is-lost"),
    path("settings/contact/phone", change_phone, name="change-phone"),
    path("settings/contact/phone/remove", remove_phone, name="remove-phone"),
    path("email-change/<slug:change_token>", answer_from_old, name="answer"),
]
