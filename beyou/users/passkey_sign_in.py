"""Passkeys at sign-in, one flow for the page and for apps: what is asked, and whom the answer proves."""

from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from django.http import HttpRequest, HttpResponse

from beyou.core import limits
from beyou.core.errors import RateLimited
from beyou.core.http import client_ip
from beyou.users import confirmation, passkeys
from beyou.users.errors import PasskeyRefused
from beyou.users.models import SignInMethod, User
from beyou.users.second_step import record_failure
from beyou.users.stages import SecondStepStage


def ask(request: HttpRequest, *, alone: bool = False) -> dict[str, Any]:
    """A fresh question for what the session waits for: a confirmation, a second step, or signing in. With
    `alone` for signing in, also where a sign-in that began with a password still waits for its second step.

    It is what `navigator.credentials.get` is to be called with. Only this session can answer it, once. Raises
    `RateLimited`.
    """
    limits.check("passkey.address", limits.network(client_ip(request)))
    purpose, member_id = "sign_in", None
    if request.user.is_authenticated:
        purpose, member_id = "confirm", request.user.pk
    elif not alone and (stage := LoginStageController.enter(request, SecondStepStage.key)):
        purpose, member_id = "second_step", stage.login.user.pk
    return passkeys.begin(
        session=request.session, origin=passkeys.web_origin(request), purpose=purpose, member_id=member_id
    )


def sign_in(request: HttpRequest, *, answer: Any, next_path: str) -> HttpResponse:
    """Whom the passkey proves is signed in, unless the account asks for more: a passkey that checked its
    owner is password and second step in one. Raises `PasskeyRefused`, `RateLimited`, `AccountClosed`.
    """
    owner = passkeys.owner_of(answer)
    member = User.objects.filter(id=owner).first() if owner else None
    try:
        _prove(request, member, answer)
    except (PasskeyRefused, RateLimited) as error:
        # An attempt of its own, also while the second step of another waits in the session.
        record_failure(request, error, member.pk if member else None, SignInMethod.PASSKEY, settles=None)
        raise
    assert member is not None
    confirmation.remember(request, member, SignInMethod.PASSKEY, passwordless=True)
    response: HttpResponse = perform_login(request, Login(user=member, redirect_url=next_path))
    return response


def _prove(request: HttpRequest, member: User | None, answer: Any) -> None:
    limits.check("sign_in.address", limits.network(client_ip(request)))
    if member is None:
        passkeys.drop_question(request.session)
        raise PasskeyRefused("No account here knows it. Sign in with your password instead.")
    passkeys.prove(
        session=request.session,
        origin=passkeys.web_origin(request),
        purpose="sign_in",
        member_id=member.pk,
        answer=answer,
    )
