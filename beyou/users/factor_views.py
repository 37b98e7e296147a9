"""The member's own pages about second factors."""

import json
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import ApplicationError
from beyou.core.toasts import toast
from beyou.users import app_setup, confirmation, factors, passkeys, rules
from beyou.users.errors import PasskeyRefused, WrongCode
from beyou.users.factor_forms import PasskeyNameForm, TotpForm, credential_of
from beyou.users.http import (
    MemberRequest,
    has_proved_factor,
    member_required,
    recently_authenticated,
    sign_in_attempt,
)
from beyou.users.models import SignInMethod

_form_methods = require_http_methods(["GET", "HEAD", "POST"])
OVERVIEW = "second-step"


@require_safe
@member_required
@never_cache
def overview(request: MemberRequest) -> HttpResponse:
    """Which factors the account has. Whoever was sent here by a staff page goes on from here."""
    own = factors.overview(request.member.pk)
    context = {
        "own": own,
        "passkeys": [passkeys.as_passkey(row) for row in own.passkeys],
        "must_have": rules.must_have_factor(factors.policy(), is_staff=request.member.is_staff),
        "proved": has_proved_factor(request),
        "next": confirmation.safe_next(request, ""),
    }
    return render(request, "users/factors.html", context)


@_form_methods
@recently_authenticated
@never_cache
def app(request: MemberRequest) -> HttpResponse:
    """Adds an authenticator app: a QR code, the same as text, and the first code as proof."""
    form = TotpForm(request.POST if request.method == "POST" else None)
    factors.check_may_add(request.member.pk)
    secret = app_setup.pending_secret(request.session)
    if not form.is_bound or not form.is_valid():
        return _app_page(request, form, secret)
    try:
        made = factors.add_app(
            member_id=request.member.pk,
            secret=secret,
            typed=form.cleaned_data["code"],
            attempt=sign_in_attempt(request),
        )
    except WrongCode as error:
        form.add_error("code", error.detail)
        return _app_page(request, form, secret)
    app_setup.forget(request.session)
    confirmation.remember(request, request.member, SignInMethod.TOTP)
    return _done(request, made, "Your authenticator app is your second step now.")


def _app_page(request: MemberRequest, form: TotpForm, secret: str) -> HttpResponse:
    context = {
        "form": form,
        "qr": app_setup.qr_code(request.member, secret),
        "uri": app_setup.uri(request.member, secret),
        "secret": app_setup.grouped(secret),
    }
    return render(request, "users/factor_app.html", context, status=422 if form.errors else 200)


def _done(request: MemberRequest, made: list[str], what: str) -> HttpResponse:
    """The recovery codes are on this answer and nowhere else."""
    toast(request, what)
    if not made:
        return redirect(OVERVIEW)
    return render(request, "users/recovery_codes.html", {"codes": made, "file": app_setup.codes_file(made)})


@_form_methods
@recently_authenticated
@never_cache
def remove_app(request: MemberRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "users/factor_remove.html", {"what": "your authenticator app"})
    factors.remove_app(member_id=request.member.pk, attempt=sign_in_attempt(request))
    toast(request, "Your authenticator app is removed.")
    return redirect(OVERVIEW)


@_form_methods
@recently_authenticated
@never_cache
def recovery_codes(request: MemberRequest) -> HttpResponse:
    """Makes ten new codes, after a page that says what becomes of the old ones."""
    if request.method != "POST":
        context = {"own": factors.overview(request.member.pk)}
        return render(request, "users/recovery_codes_new.html", context)
    made = factors.make_recovery_codes(member_id=request.member.pk, attempt=sign_in_attempt(request))
    return _done(request, made, "Here are your new recovery codes.")


@_form_methods
@recently_authenticated
@never_cache
def add_passkey(request: MemberRequest) -> HttpResponse:
    """The page whose script makes a passkey, and the form that brings its answer."""
    form = PasskeyNameForm(request.POST if request.method == "POST" else None)
    factors.check_may_add(request.member.pk)
    if not form.is_bound or not form.is_valid():
        return _passkey_page(request, form)
    try:
        made = passkeys.register(
            session=request.session,
            origin=passkeys.web_origin(request),
            member=request.member,
            answer=credential_of(request.POST.get("credential", "")),
            name=form.cleaned_data["name"],
            attempt=sign_in_attempt(request),
        )
    except PasskeyRefused as error:
        return _passkey_page(request, form, error)
    confirmation.remember(request, request.member, SignInMethod.PASSKEY)
    return _done(request, made, "Your passkey is ready.")


def _passkey_page(
    request: MemberRequest, form: PasskeyNameForm, error: ApplicationError | None = None
) -> HttpResponse:
    options = passkeys.begin_registration(
        session=request.session, origin=passkeys.web_origin(request), member=request.member
    )
    context = {
        "form": form,
        "error": f"{error.title}. {error.detail}" if error else "",
        "options": json.dumps(options),
    }
    return render(request, "users/passkey_new.html", context, status=422 if error or form.errors else 200)


@_form_methods
@recently_authenticated
@never_cache
def passkey(request: MemberRequest, passkey_id: UUID) -> HttpResponse:
    """Renames a passkey; the page also leads to removing it."""
    found = passkeys.passkey_of(request.member.pk, passkey_id)
    form = PasskeyNameForm(request.POST if request.method == "POST" else None, initial={"name": found.name})
    if not form.is_bound or not form.is_valid():
        context = {"passkey": found, "form": form}
        return render(request, "users/passkey.html", context, status=422 if form.errors else 200)
    passkeys.rename(member_id=request.member.pk, passkey_id=passkey_id, name=form.cleaned_data["name"])
    toast(request, "Renamed.")
    return redirect(OVERVIEW)


@require_POST
@recently_authenticated
def remove_passkey(request: MemberRequest, passkey_id: UUID) -> HttpResponse:
    passkeys.remove(member_id=request.member.pk, passkey_id=passkey_id, attempt=sign_in_attempt(request))
    toast(request, "The passkey is removed. It opens nothing here any more.")
    return redirect(OVERVIEW)
