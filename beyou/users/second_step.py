"""Answering the second step of a pending sign-in: one flow for the page and for apps."""

from typing import Any
from uuid import UUID

from allauth.account.stages import LoginStage
from django.http import HttpRequest

from beyou.core import limits
from beyou.core.errors import ApplicationError, RateLimited
from beyou.users import confirmation, factors, passkeys, queries, services
from beyou.users.confirmation import ATTEMPT
from beyou.users.errors import NothingPending, PasskeyRefused, WrongCode, WrongPassword
from beyou.users.guesses import CODE, count_guess, forgive_guesses, note_wrong_guess
from beyou.users.http import sign_in_attempt
from beyou.users.models import LoginOutcome, SignInMethod, User
from beyou.users.stages import is_still_good

_OUTCOMES: dict[type[ApplicationError], LoginOutcome] = {
    WrongPassword: LoginOutcome.BAD_CREDENTIALS,
    WrongCode: LoginOutcome.BAD_CODE,
    PasskeyRefused: LoginOutcome.PASSKEY_FAILED,
    RateLimited: LoginOutcome.LIMITED,
}


def record_failure(
    request: HttpRequest,
    error: ApplicationError,
    member_id: UUID | None,
    method: str,
    *,
    settles: Any,
) -> None:
    """One row for an attempt that failed; `settles` is the row of the password that this answers, if any."""
    services.record_sign_in(
        attempt=sign_in_attempt(request),
        outcome=_OUTCOMES[type(error)],
        member_id=member_id,
        method=method,
        settles=settles,
    )


def member_of(request: HttpRequest, stage: LoginStage) -> User:
    """Who is signing in. Raises `NothingPending`, and the pending sign-in ends, when the account is not as it
    was when the first step was passed.
    """
    member = stage.login.user
    if not isinstance(member, User) or not is_still_good(stage.login) or not queries.has_factor(member.pk):
        raise _ended(request, stage, "Your account changed meanwhile. Please sign in again.")
    return member


def answer(request: HttpRequest, stage: LoginStage, *, code: str = "", passkey: Any = None) -> SignInMethod:
    """The session has shown the second step by this code or this answer of a passkey; `stage.exit()` goes on.

    Raises `WrongCode`, `PasskeyRefused`, `RateLimited`, and `NothingPending` when this was wrong once too
    often: the pending sign-in has ended then, and the password alone is worth nothing.
    """
    member = member_of(request, stage)
    try:
        method = _prove(request, member, code, passkey)
    except (WrongCode, PasskeyRefused, RateLimited) as error:
        kind = SignInMethod.TOTP if passkey is None else SignInMethod.PASSKEY
        if isinstance(error, WrongCode):
            note_wrong_guess(member.email, CODE)
        record_failure(request, error, member.pk, kind, settles=request.session.get(ATTEMPT))
        if not isinstance(error, RateLimited) and _was_last_try(request):
            raise _ended(request, stage, "That was wrong five times. Please sign in again.") from None
        raise
    confirmation.remember(request, member, method)
    return method


def _prove(request: HttpRequest, member: User, code: str, passkey: Any) -> SignInMethod:
    """Codes can be guessed, so tries are counted before they are looked at."""
    if passkey is not None:
        passkeys.prove(
            session=request.session,
            origin=passkeys.web_origin(request),
            purpose="second_step",
            member_id=member.pk,
            answer=passkey,
        )
        return SignInMethod.PASSKEY
    count_guess(request, member.email, CODE)
    method = factors.prove_code(member_id=member.pk, typed=code, attempt=sign_in_attempt(request))
    forgive_guesses(request, member.email, CODE)
    return method


def _was_last_try(request: HttpRequest) -> bool:
    """Counted beside the session, which parallel requests would overwrite."""
    try:
        limits.check("second_step.attempt", str(request.session.get(ATTEMPT)))
    except RateLimited:
        return True
    return False


def _ended(request: HttpRequest, stage: LoginStage, why: str) -> NothingPending:
    stage.abort()
    request.session.pop(ATTEMPT, None)
    return NothingPending(why)
