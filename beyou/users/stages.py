"""The step of signing in that asks for a second factor, on every path: page, provider, app."""

import hmac
from typing import Any

from allauth.account.models import Login
from allauth.account.stages import LoginStage
from django.shortcuts import redirect

from beyou.users import confirmation, queries, services
from beyou.users.confirmation import ATTEMPT
from beyou.users.http import sign_in_attempt
from beyou.users.models import LoginOutcome, User


class SecondStepStage(LoginStage):
    """Stands where allauth's own would, which loads all of WebAuthn with it.

    Whoever knows the password has a row that says so, and a new session key, before the code is asked.
    """

    key = "mfa_authenticate"
    urlname = "mfa_authenticate"

    def handle(self) -> tuple[Any, bool]:
        member = self.login.user
        if not isinstance(member, User) or not queries.has_factor(member.pk):
            return None, True
        if confirmation.used_passkey_alone(self.request, member):
            return None, True
        self._ask(member)
        return redirect(self.urlname), True

    def _ask(self, member: User) -> None:
        self.state["password"] = member.get_session_auth_hash()
        self.request.session.cycle_key()
        row = services.record_sign_in(
            attempt=sign_in_attempt(self.request),
            outcome=LoginOutcome.AWAITING_FACTOR,
            method=confirmation.last_method(self.request, member),
            member_id=member.pk,
            settles=self.request.session.get(ATTEMPT),
        )
        self.request.session[ATTEMPT] = str(row)


def is_still_good(login: Login) -> bool:
    """Whether the account is still as it was when the first step was passed: open, same password."""
    stages = login.state.get("stages", {})
    was = stages.get(SecondStepStage.key, {}).get("data", {}).get("password", "")
    member = login.user
    return (
        isinstance(member, User)
        and member.is_active
        and hmac.compare_digest(was, member.get_session_auth_hash())
    )
