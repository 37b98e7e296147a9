"""The second step of signing in, signing in with a passkey alone, and confirming that it is still you."""

from allauth.account.internal.decorators import login_stage_required
from allauth.account.stages import LoginStage
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from beyou.core import limits
from beyou.core.errors import RateLimited
from beyou.core.toasts import toast
from beyou.users import confirmation, factors, passkey_sign_in, passkeys, second_step
from beyou.users.codes import CODE_LENGTH
from beyou.users.errors import NothingPending, PasskeyRefused, WrongCode, WrongPassword
from beyou.users.factor_forms import SecondStepForm, credential_of
from beyou.users.forms import SignInForm
from beyou.users.http import MemberRequest, member_required, sign_in_attempt
from beyou.users.models import SignInMethod, User
from beyou.users.second_step import record_failure
from beyou.users.stages import SecondStepStage


@login_stage_required(stage=SecondStepStage.key, redirect_urlname="account_login")  # type: ignore[untyped-decorator]  # allauth
@require_http_methods(["GET", "HEAD", "POST"])
def second_step_page(request: HttpRequest) -> HttpResponse:
    """Asks whoever knows the password for a code or a passkey."""
    stage: LoginStage = request._login_stage  # type: ignore[attr-defined]  # login_stage_required
    try:
        if request.method != "POST":
            return _second_step_page(request, second_step.member_of(request, stage))
        method = _answer(request, stage)
    except NothingPending as error:
        toast(request, error.detail, level=messages.ERROR)
        return redirect("account_login")
    except (WrongCode, PasskeyRefused, RateLimited) as error:
        text = f"{error.title}. {error.detail}"
        return _second_step_page(request, stage.login.user, text, status=error.status)
    response: HttpResponse = stage.exit()
    if method == SignInMethod.RECOVERY_CODE:
        left = factors.overview(stage.login.user.pk).codes_left
        toast(request, f"That recovery code is used up. You have {left} left.", level=messages.WARNING)
    return response


def _answer(request: HttpRequest, stage: LoginStage) -> SignInMethod:
    if "credential" in request.POST:
        given = credential_of(request.POST["credential"])
        return second_step.answer(request, stage, passkey={} if given is None else given)
    form = SecondStepForm(request.POST)
    # What is no code at all is a wrong one: it counts, too.
    return second_step.answer(request, stage, code=form.cleaned_data["code"] if form.is_valid() else "")


def _second_step_page(request: HttpRequest, member: User, error: str = "", status: int = 200) -> HttpResponse:
    own = factors.overview(member.pk)
    recovery = request.GET.get("way") == "recovery" or not own.app
    form = SecondStepForm(recovery=recovery)
    context = {"form": form, "own": own, "recovery": recovery, "error": error}
    return render(request, "users/second_step.html", context, status=status)


@require_POST
@never_cache
def passkey_options(request: HttpRequest) -> HttpResponse:
    """A fresh question for `navigator.credentials.get`: at sign-in, at the second step, to confirm."""
    return JsonResponse(passkey_sign_in.ask(request, alone=request.POST.get("alone") == "1"))


@require_POST
@never_cache
def sign_in_with_passkey(request: HttpRequest) -> HttpResponse:
    """Signs in whom the passkey proves; it is password and second step in one."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    answer = credential_of(request.POST.get("credential", ""))
    next_path = confirmation.safe_next(request, settings.LOGIN_REDIRECT_URL)
    try:
        return passkey_sign_in.sign_in(request, answer=answer, next_path=next_path)
    except (PasskeyRefused, RateLimited) as error:
        context = {
            "form": SignInForm(request=request),
            "passkey_error": f"{error.title}. {error.detail}",
            "redirect_field_name": "next",
            "redirect_field_value": confirmation.safe_next(request, ""),
        }
        return render(request, "users/sign_in.html", context, status=error.status)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@never_cache
def confirm(request: MemberRequest) -> HttpResponse:
    """Asks the member for a fresh proof, then goes on to where she wanted to be."""
    next_path, draft = confirmation.safe_next(request), confirmation.draft_sent(request)
    if request.method != "POST":
        return confirmation.confirm_page(request, next_path=next_path, draft=[])
    kind, wrong = _kind_of_proof(request)
    if kind == SignInMethod.PASSWORD and confirmation.needs_factor(request, next_path):
        text = "Here your password is not enough. Use a passkey or a code."
        return confirmation.confirm_page(
            request, next_path=next_path, draft=draft, error=text, wrong="code", status=422
        )
    try:
        method = _prove_again(request, kind)
    except (WrongPassword, WrongCode, PasskeyRefused, RateLimited) as error:
        record_failure(request, error, request.member.pk, kind, settles=None)
        return confirmation.confirm_page(
            request,
            next_path=next_path,
            draft=draft,
            error=f"{error.title}. {error.detail}",
            wrong=wrong,
            status=error.status,
        )
    confirmation.confirmed(request, request.member, method)
    if draft:
        fields = [(name.removeprefix(confirmation.DRAFT), value) for name, value in draft]
        return render(request, "users/confirmed.html", {"next": next_path, "draft": fields})
    return redirect(next_path)


def _kind_of_proof(request: HttpRequest) -> tuple[SignInMethod, str]:
    if "credential" in request.POST:
        return SignInMethod.PASSKEY, "passkey"
    if "code" in request.POST:
        return SignInMethod.TOTP, "code"
    return SignInMethod.PASSWORD, "password"


def _prove_again(request: MemberRequest, kind: SignInMethod) -> SignInMethod:
    """Raises `WrongPassword`, `WrongCode`, `PasskeyRefused`, `RateLimited`."""
    member = request.member
    limits.check("confirm.member", str(member.pk))
    if kind == SignInMethod.PASSKEY:
        passkeys.prove(
            session=request.session,
            origin=passkeys.web_origin(request),
            purpose="confirm",
            member_id=member.pk,
            answer=credential_of(request.POST["credential"]),
        )
    elif kind == SignInMethod.TOTP:
        kind = factors.prove_code(
            member_id=member.pk, typed=request.POST["code"][:CODE_LENGTH], attempt=sign_in_attempt(request)
        )
    elif not member.has_usable_password() or not member.check_password(request.POST.get("password", "")):
        raise WrongPassword("Try again, or use another way below.")
    limits.forget("confirm.member", str(member.pk))
    return kind
