"""The gate that every other password passes, whichever page or API asked for it."""

from typing import TYPE_CHECKING, Any, Final

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.contrib.auth import SESSION_KEY, update_session_auth_hash
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from beyou.core import clock, limits
from beyou.core.ports import realtime
from beyou.users import account_recovery, proofs, resets
from beyou.users.errors import LinkOver, SecondStepNeeded, WrongSecondStep
from beyou.users.http import sign_in_attempt
from beyou.users.rules import PasswordPath

if TYPE_CHECKING:
    from beyou.users.models import AccountRecovery, PasswordReset
    from beyou.users.services import SignInAttempt

_RESET = "password_reset"
_RECOVERY = "account_recovery"
_KEEPS = "keeps_sessions"
#: For how long a session that showed a second factor need not show it again.
SHOWN_FOR: Final = 600


class ResetTokens:
    """allauth's generator of tokens, over our links: single use, half an hour, bound to the password."""

    def make_token(self, user: AbstractBaseUser) -> str:
        """Nothing yet: the token is made with the mail, outside the request."""
        return ""

    def check_token(self, user: AbstractBaseUser, token: str) -> bool:
        """The request remembers the link, so that the gate can use it up."""
        try:
            reset = resets.reset_of_token(token)
        except LinkOver:
            return False
        if reset.member_id != user.pk:
            return False
        remember(context.request, reset)
        return True


def remember(request: HttpRequest, reset: "PasswordReset") -> None:
    """This request may use the link."""
    setattr(request, _RESET, reset)


def remember_recovery(request: HttpRequest, recovery: "AccountRecovery") -> None:
    """This request may use what the staff have granted."""
    setattr(request, _RECOVERY, recovery)


def keep_sessions(request: HttpRequest) -> None:
    """The other sessions of the member outlive a change by this request."""
    setattr(request, _KEEPS, True)


def set_password(request: HttpRequest | None, user: AbstractBaseUser, password: str) -> None:
    """The member has this password. Raises as `AccountAdapter.set_password` says."""
    reset: PasswordReset | None = getattr(request, _RESET, None)
    recovery: AccountRecovery | None = getattr(request, _RECOVERY, None)
    is_shown = not proofs.kinds_of(user.pk) or proofs.has_shown(request, user.pk)
    if reset is not None and reset.member_id == user.pk:
        if not is_shown:
            show(request, reset, code=proofs.code_of(request))
        resets.use_reset(reset=reset, password=password, attempt=_attempt(request))
    elif recovery is not None and recovery.member_id == user.pk:
        # Two of the staff and three days stood in for the second step.
        account_recovery.use_recovery(recovery=recovery, password=password, attempt=_attempt(request))
    elif request is not None and getattr(request, "member", None) == user:
        if not is_shown and not has_shown_lately(request, user.pk):
            show_again(request, user, code=proofs.code_of(request))
        _change(request, user, password)
    else:
        raise SecondStepNeeded("Sign in, or open the link from your mail.")
    user.refresh_from_db(fields=["password"])


def use_link(
    request: HttpRequest,
    reset: "PasswordReset",
    *,
    password: str,
    code: str,
    passkey: "dict[str, Any] | None",
) -> None:
    """The member of the link has this password. Raises as `set_password` does."""
    remember(request, reset)
    if proofs.kinds_of(reset.member_id):
        show(request, reset, code=code, passkey=passkey)
    get_adapter(request).set_password(reset.member, password)


def show(
    request: HttpRequest | None,
    reset: "PasswordReset",
    *,
    code: str = "",
    passkey: "dict[str, Any] | None" = None,
) -> None:
    """The request has shown a factor of the link's account. Raises as `set_password` does; each wrong one
    counts, and the last one ends the link.
    """
    if request is None or not (code or passkey is not None):
        raise SecondStepNeeded("This account has a second step: send a code of your app or a recovery code.")
    resets.count_try(reset)
    shown = (
        proofs.show_passkey(request, reset.member, passkey)
        if passkey is not None
        else proofs.show_code(request, reset.member_id, code)
    )
    if shown:
        return
    left = resets.note_wrong_try(reset)
    if not left:
        raise LinkOver
    tries = "One try is" if left == 1 else f"{left} tries are"
    raise WrongSecondStep(f"Wait for the next code of your app and enter that one. {tries} left.")


def show_again(
    request: HttpRequest, user: Any, *, code: str = "", passkey: "dict[str, Any] | None" = None
) -> None:
    """The request of somebody who is signed in has shown a factor. Raises `SecondStepNeeded`,
    `WrongSecondStep`, `RateLimited`.
    """
    if not (code or passkey is not None):
        raise SecondStepNeeded("Show your second step again, then change the password.")
    limits.check("recover.factor", str(user.pk))
    shown = (
        proofs.show_passkey(request, user, passkey)
        if passkey is not None
        else proofs.show_code(request, user.pk, code)
    )
    if not shown:
        raise WrongSecondStep("That did not match. Wait for the next code of your app and enter that one.")


def _change(request: HttpRequest, user: Any, password: str) -> None:
    """The session that asked for it goes on under a new key; the others end."""
    hashed = make_password(password)
    resets.change_password(
        member_id=user.pk,
        hashed=hashed,
        path=PasswordPath.CHANGE,
        except_key_digest=realtime.session_digest(request.session.session_key or ""),
        attempt=_attempt(request),
        ends_others=not getattr(request, _KEEPS, False),
    )
    user.password = hashed
    update_session_auth_hash(request, user)


def _attempt(request: HttpRequest | None) -> "SignInAttempt | None":
    return sign_in_attempt(request) if request is not None and hasattr(request, "session") else None


def has_shown_lately(request: HttpRequest, member_id: object) -> bool:
    """Whether the member signed in here, and showed a second factor within the last minutes."""
    if request.session.get(SESSION_KEY) != str(member_id):
        return False
    since = clock.now_ms() / 1000 - SHOWN_FOR
    methods = request.session.get("account_authentication_methods", [])
    return any(method.get("method") == "mfa" and method.get("at", 0) > since for method in methods)
