"""Signing in by an app: the steps of the pages, over the same forms and flows, without pages."""

from typing import Any

from allauth.account.internal.flows.email_verification_by_code import EmailVerificationProcess
from allauth.account.internal.stagekit import get_pending_stage
from allauth.account.stages import EmailVerificationStage, LoginStage
from allauth.core.exceptions import RateLimited as AllauthRateLimited
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from beyou.core.errors import InvalidInput, RateLimited
from beyou.users import app_reset, joining, passkey_sign_in, second_step
from beyou.users.app_reset import opened, ways_of
from beyou.users.app_sessions import token_of
from beyou.users.errors import AlreadySignedIn, NothingPending, WrongCredentials
from beyou.users.forms import CodeForm, SignInForm
from beyou.users.stages import SecondStepStage

_STEPS = {"verify_email": "confirm_address", "mfa_authenticate": "second_step"}


def state(request: HttpRequest) -> dict[str, Any]:
    """Where the app's session stands: signed in, waiting for a step, or nobody's."""
    user: Any = request.user
    if user.is_authenticated:
        member = {"id": str(user.pk), "handle": user.handle, "name": user.name}
        waits = {"waits": joining.standing(user)} if user.awaits_since else {}
        return {"state": "awaits_approval" if waits else "signed_in", "member": member} | waits
    stage: LoginStage | None = get_pending_stage(request)
    if stage is not None:
        owes = {"second_steps": ways_of(stage.login.user)} if stage.key == SecondStepStage.key else {}
        return {"state": _STEPS[stage.key]} | owes
    if reset := opened(request):
        return {
            "state": "new_password",
            "handle": reset.member.handle,
            "second_steps": ways_of(reset.member),
        }
    return {"state": "signed_out"}


def next_state(request: HttpRequest) -> dict[str, Any]:
    """The same after a step, with the token that the app sends from now on."""
    return state(request) | {"session_token": token_of(request)}


def pending(request: HttpRequest, key: str) -> LoginStage:
    """The step that waits. Raises `NothingPending`."""
    stage: LoginStage | None = get_pending_stage(request)
    if stage is None or stage.key != key:
        raise NothingPending
    return stage


def sign_in(request: HttpRequest, *, email: str, password: str) -> None:
    """The password is proved; what else the account asks for is pending. Raises `WrongCredentials`,
    `RateLimited`, `AccountClosed`, `InvalidInput`, `AlreadySignedIn`.
    """
    _must_be_out(request)
    form = SignInForm({"login": email, "password": password}, request=request)
    if not form.is_valid():
        raise _refusal(form.errors.as_data())
    form.login(request)


def sign_in_with_passkey(request: HttpRequest, *, answer: dict[str, Any]) -> None:
    """Whom the passkey proves is signed in; only an address that is not confirmed is still pending. Raises
    `PasskeyRefused`, `RateLimited`, `AccountClosed`, `AlreadySignedIn`.
    """
    _must_be_out(request)
    passkey_sign_in.sign_in(request, answer=answer, next_path="")


def ask_passkey(request: HttpRequest) -> dict[str, Any]:
    """What to ask a passkey for the step that the session waits for; none waits when it is signed in.

    Raises `AlreadySignedIn`, `RateLimited`.
    """
    _must_be_out(request)
    if get_pending_stage(request) is None and (reset := opened(request)):
        return app_reset.ask_passkey(request, reset)
    return passkey_sign_in.ask(request)


def _must_be_out(request: HttpRequest) -> None:
    if request.user.is_authenticated:
        raise AlreadySignedIn("Sign out first, or begin without a session token.")


def _refusal(errors: dict[str, list[ValidationError]]) -> Exception:
    for error in errors.get("__all__", []):
        if error.code == "rate_limited":
            return RateLimited((error.params or {}).get("retry_after", 60))
        return WrongCredentials("Check both, then try again.")
    return InvalidInput("Send an e-mail address and a password.", fields=sorted(errors))


def confirm_address(request: HttpRequest, *, code: str) -> None:
    """The mailed code is right: the address counts as confirmed, and signing in goes on. Raises
    `NothingPending` also when it was wrong too often, `InvalidInput`.
    """
    stage = pending(request, EmailVerificationStage.key)
    process = EmailVerificationProcess.resume(request)
    if process is None or process.user is None:
        raise NothingPending
    form = CodeForm({"code": code}, code=process.code, user=process.user, email=process.email)
    if not form.is_valid():
        if not process.record_invalid_attempt():
            raise NothingPending("That was wrong too often. Please sign in again.")
        raise InvalidInput("This is not the code that we mailed.")
    if process.finish() is None:
        stage.abort()
        raise NothingPending
    stage.exit()


def send_code_again(request: HttpRequest) -> None:
    """Another code is on its way. Raises `NothingPending`, `RateLimited`, `MailNotSent`."""
    pending(request, EmailVerificationStage.key)
    process = EmailVerificationProcess.resume(request)
    if process is None or not process.can_resend:
        raise NothingPending("We mailed as many codes as we may. Please sign in again.")
    try:
        process.resend()
    except AllauthRateLimited:
        raise RateLimited(60) from None


def show_second_step(request: HttpRequest, *, code: str, passkey: dict[str, Any] | None) -> None:
    """The code of the authenticator app, the recovery code or the passkey is right, and signing in goes on.
    Raises `WrongCode`, `PasskeyRefused`, `RateLimited`; `NothingPending` also when it was wrong too often.
    """
    stage = pending(request, SecondStepStage.key)
    second_step.answer(request, stage, code=code, passkey=passkey)
    stage.exit()
