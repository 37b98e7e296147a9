"""Another password by an app: the steps of the pages, over the same links and the same gate."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from beyou.core import limits
from beyou.core.http import client_ip
from beyou.users import factors, password_gate, proof_of_work, proofs, resets
from beyou.users.errors import AlreadySignedIn, FieldRefused, LinkOver, NothingPending
from beyou.users.models import PasswordReset, User

#: Where the app's session keeps which link it opened.
_OPENED = "password_reset"


def ask(request: HttpRequest, *, email: str, proof: str) -> None:
    """If a member has this address, a link is on its way; nothing tells whether one has. Raises `NotPaid`,
    `RateLimited`.
    """
    proof_of_work.take(proof)
    resets.ask_reset(email=email, address=client_ip(request))


def open_link(request: HttpRequest, *, token: str) -> None:
    """The session remembers the link; what else it waited for is over. Looking uses nothing up, since mail
    scanners look, too. Raises `LinkOver`, `AlreadySignedIn`.
    """
    if request.user.is_authenticated:
        raise AlreadySignedIn("Sign out first, or begin without a session token.")
    reset = resets.reset_of_token(token)
    request.session.flush()
    request.session[_OPENED] = str(reset.id)


def opened(request: HttpRequest) -> PasswordReset | None:
    """The link that the session opened and that is still good."""
    if _OPENED not in request.session:
        return None
    try:
        return resets.reset_of_id(request.session[_OPENED])
    except LinkOver:
        return None


def ways_of(member: User) -> list[str]:
    """What the account has for a second step: `authenticator`, `passkey`, `recovery_code`."""
    own = factors.overview(member.pk)
    found = {"authenticator": own.app, "passkey": own.passkeys, "recovery_code": own.codes_left}
    return [name for name, has in found.items() if has]


def ask_passkey(request: HttpRequest, reset: PasswordReset) -> dict[str, Any]:
    """What to ask a passkey of the link's account. Raises `RateLimited`."""
    limits.check("passkey.address", limits.network(client_ip(request)))
    return proofs.ask_passkey(request, reset.member)


def set_password(request: HttpRequest, *, password: str, code: str, passkey: dict[str, Any] | None) -> None:
    """The member has this password; every session, token and link of the account is over, this session too,
    and the owner will be told. A password that is refused costs neither the link nor a try. Raises
    `NothingPending`, `FieldRefused`, `SecondStepNeeded`, `WrongSecondStep`, `LinkOver`, `RateLimited`.
    """
    if _OPENED not in request.session:
        raise NothingPending("Open the link from the mail first.")
    reset = resets.reset_of_id(request.session[_OPENED])
    try:
        validate_password(password, reset.member)
    except ValidationError as error:
        raise FieldRefused("password", " ".join(error.messages)) from None
    password_gate.use_link(request, reset, password=password, code=code, passkey=passkey)
    request.session.flush()
