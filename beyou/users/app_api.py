"""The API by which apps sign their members in. Cookies count for nothing here (see `app_sessions`)."""

from typing import Annotated, Any

import orjson
from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field, StrictStr

from beyou.users import app_sign_in

# Open to everybody: whoever asks is not signed in yet, or shows the session in a header.
router = Router(tags=["sign-in"], auth=None)


class Input(Schema):
    # An error that is logged must not carry what somebody sent.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


_NO_NUL = r"^[^\x00]*$"
Email = Annotated[StrictStr, Field(min_length=1, max_length=254, pattern=_NO_NUL)]
Password = Annotated[StrictStr, Field(min_length=1, max_length=1000, pattern=_NO_NUL)]
Code = Annotated[StrictStr, Field(min_length=1, max_length=60, pattern=_NO_NUL)]


class SignInIn(Input):
    email: Email
    password: Password


class CodeIn(Input):
    code: Code


def _answer(value: Any) -> HttpResponse:
    return HttpResponse(orjson.dumps(value), content_type="application/json")


@router.get("/auth/session")
def get_session(request: HttpRequest) -> HttpResponse:
    """Where the session stands: `signed_out`, `confirm_address`, `second_step` or `signed_in`."""
    return _answer(app_sign_in.state(request))


@router.delete("/auth/session")
def sign_out(request: HttpRequest) -> HttpResponse:
    """The session and its sockets have ended; a repeat changes nothing."""
    get_adapter().logout(request)
    return HttpResponse(status=204)


@router.post("/auth/sign-in")
def sign_in(request: HttpRequest, body: SignInIn) -> HttpResponse:
    """Address and password. The answer says what comes next, and the session token to send from now on."""
    app_sign_in.sign_in(request, email=body.email, password=body.password)
    return _answer(app_sign_in.next_state(request))


@router.post("/auth/code")
def confirm_address(request: HttpRequest, body: CodeIn) -> HttpResponse:
    """The code that was mailed to an address that is not confirmed yet."""
    app_sign_in.confirm_address(request, code=body.code)
    return _answer(app_sign_in.next_state(request))


@router.post("/auth/second-step")
def show_second_step(request: HttpRequest, body: CodeIn) -> HttpResponse:
    """The code of an authenticator app, or a recovery code, for an account with a second step."""
    app_sign_in.show_second_step(request, code=body.code)
    return _answer(app_sign_in.next_state(request))


@router.post("/auth/code/again")
def send_code_again(request: HttpRequest) -> HttpResponse:
    """Mails another code."""
    app_sign_in.send_code_again(request)
    return HttpResponse(status=204)
