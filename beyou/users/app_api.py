"""The API by which apps sign their members in. Cookies count for nothing here (see `app_sessions`)."""

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from ninja import Router

from beyou.core.http import json_response
from beyou.users import app_reset, app_sign_in, proof_of_work
from beyou.users.app_schemas import (
    CodeIn,
    LinkIn,
    NewPasswordIn,
    PasskeySignInIn,
    ResetIn,
    SecondStepIn,
    SignInIn,
)

# Open to everybody: whoever asks is not signed in yet, or shows the session in a header.
router = Router(tags=["sign-in"], auth=None)


@router.get("/auth/session")
def get_session(request: HttpRequest) -> HttpResponse:
    """Where it stands: `signed_out`, `confirm_address`, `second_step`, `new_password`, `awaits_approval` or
    `signed_in`. Whoever waits to be let in reads under `waits` since when, what they said, and whether they
    were refused, with the answer and when the account is erased.
    """
    return json_response(app_sign_in.state(request))


@router.delete("/auth/session")
def sign_out(request: HttpRequest) -> HttpResponse:
    """The session and its sockets have ended; a repeat changes nothing."""
    get_adapter().logout(request)
    return HttpResponse(status=204)


@router.post("/auth/sign-in")
def sign_in(request: HttpRequest, body: SignInIn) -> HttpResponse:
    """Address and password. The answer says what comes next, and the session token to send from now on."""
    app_sign_in.sign_in(request, email=body.email, password=body.password)
    return json_response(app_sign_in.next_state(request))


@router.post("/auth/passkey/question")
def ask_passkey(request: HttpRequest) -> HttpResponse:
    """`question` is what to ask a passkey for the step that waits: signing in without a password, a second
    step, or a new password. Only this session can answer it, once, within a quarter of an hour.
    """
    question = app_sign_in.ask_passkey(request)
    return json_response(app_sign_in.next_state(request) | {"question": question})


@router.post("/auth/passkey")
def sign_in_with_passkey(request: HttpRequest, body: PasskeySignInIn) -> HttpResponse:
    """A passkey that checked its owner, by a PIN or a finger: password and second step in one."""
    app_sign_in.sign_in_with_passkey(request, answer=body.passkey.model_dump(exclude_none=True))
    return json_response(app_sign_in.next_state(request))


@router.post("/auth/code")
def confirm_address(request: HttpRequest, body: CodeIn) -> HttpResponse:
    """The code that was mailed to an address that is not confirmed yet."""
    app_sign_in.confirm_address(request, code=body.code)
    return json_response(app_sign_in.next_state(request))


@router.post("/auth/second-step")
def show_second_step(request: HttpRequest, body: SecondStepIn) -> HttpResponse:
    """For an account with a second step: the code of an authenticator app, a recovery code, or a passkey."""
    app_sign_in.show_second_step(request, code=body.code or "", passkey=body.answer)
    return json_response(app_sign_in.next_state(request))


@router.post("/auth/code/again")
def send_code_again(request: HttpRequest) -> HttpResponse:
    """Mails another code."""
    app_sign_in.send_code_again(request)
    return HttpResponse(status=204)


@router.get("/auth/reset")
def get_toll(request: HttpRequest) -> HttpResponse:
    """The question that asking for a link answers first, so that robots pay for it (ALTCHA, version 2). It is
    good for half an hour and one answer.
    """
    return json_response(proof_of_work.new_challenge())


@router.post("/auth/reset")
def ask_for_reset(request: HttpRequest, body: ResetIn) -> HttpResponse:
    """If a member has this address, we mail a link for another password. The answer is the same for all."""
    app_reset.ask(request, email=body.email, proof=body.proof)
    return HttpResponse(status=204)


@router.post("/auth/reset/link")
def open_reset(request: HttpRequest, body: LinkIn) -> HttpResponse:
    """Opens the link and uses nothing up. `second_steps` names what the account has; one is needed then."""
    app_reset.open_link(request, token=body.token)
    return json_response(app_sign_in.next_state(request))


@router.post("/auth/reset/password")
def set_new_password(request: HttpRequest, body: NewPasswordIn) -> HttpResponse:
    """The account has this password, and every session and token of it has ended. Sign in with it."""
    app_reset.set_password(request, password=body.password, code=body.code or "", passkey=body.answer)
    return HttpResponse(status=204)
