"""What allauth asks us: limits, the record of every attempt, mail, and what follows signing in and out."""

from typing import Any, NoReturn
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from beyou.core import limits, mail
from beyou.core.errors import RateLimited
from beyou.core.http import client_ip
from beyou.users import confirmation, password_gate, queries, resets, services
from beyou.users.address_blocks import is_blocked
from beyou.users.app_sessions import is_app
from beyou.users.confirmation import ATTEMPT
from beyou.users.devices import remember_device
from beyou.users.errors import AccountClosed, AddressBlocked
from beyou.users.guesses import count_guess, forgive_guesses, note_wrong_guess
from beyou.users.http import last_proof, sign_in_attempt
from beyou.users.models import LoginOutcome, SignInMethod, User

#: allauth's name of a mail → our template. A mail that is not here is a mistake and must fail loudly.
MAILS = {
    "account/email/email_confirmation_signup": "users/mail/code.txt",
    "account/email/email_confirmation": "users/mail/code.txt",
    "account/email/account_already_exists": "users/mail/already_a_member.txt",
}

#: allauth's mail to an address without an account.
UNKNOWN = "account/email/unknown_account"


class AccountAdapter(DefaultAccountAdapter):
    """One row of LoginActivity follows each attempt, whatever its outcome."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def is_ajax(self, request: HttpRequest) -> bool:
        """allauth would answer scripts in a JSON dialect of its own."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Every guess counts. Raises `StoreAway` while none can be counted, and `AddressBlocked` before a
        password is looked at, so that right and wrong ones get the same answer.
        """
        try:
            count_guess(request, credentials["email"])
        except RateLimited as error:
            member_id = queries.member_id_of_email(credentials["email"])
            self._record(request, LoginOutcome.LIMITED, member_id)
            raise ValidationError(
                f"Too many attempts. {error.detail}", code="rate_limited", params=error.extra
            ) from None
        if is_blocked(client_ip(request)):
            member_id = queries.member_id_of_email(credentials["email"])
            self._refuse_address(request, member_id, SignInMethod.PASSWORD)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        note_wrong_guess(credentials["email"])
        member_id = queries.member_id_of_email(credentials["email"])
        self._record(request, LoginOutcome.BAD_CREDENTIALS if member_id else LoginOutcome.UNKNOWN, member_id)

    def pre_login(self, request: HttpRequest, user: User, **login: Any) -> HttpResponse | None:
        """The password was right, so that it may be said why it is not enough. Raises `AccountClosed`, and
        `AddressBlocked` for the ways in that show no password.
        """
        if is_blocked(client_ip(request)):
            self._refuse_address(request, user.id, confirmation.last_method(request, user))
        if not user.is_active:
            method = confirmation.last_method(request, user)
            self._record(request, LoginOutcome.INACTIVE, user.id, method)
            return self.respond_user_inactive(request, user)
        request.session.pop(ATTEMPT, None)
        if not login["signup"] and not queries.is_confirmed(user.id):
            method = confirmation.last_method(request, user)
            row = self._record(request, LoginOutcome.UNCONFIRMED, user.id, method)
            request.session[ATTEMPT] = str(row)
        return None

    def get_login_stages(self) -> list[str]:
        ours = {"allauth.mfa.stages.AuthenticateStage": "beyou.users.stages.SecondStepStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        assert isinstance(user, User)
        waited, method = request.session.get(ATTEMPT), confirmation.last_method(request, user)
        if is_blocked(client_ip(request)):
            # Since the first step.
            self._refuse_address(request, user.id, method, waited)
        super().login(request, user)
        request.session.pop(ATTEMPT, None)
        forgive_guesses(request, user.email)
        if request.session.session_key is None:
            # Another member was signed in here: that session has ended, and this one is not stored yet.
            request.session.save()
        services.describe_session(
            member_id=user.id, attempt=sign_in_attempt(request), method=last_proof(request)
        )
        self._record(request, LoginOutcome.SUCCESS, user.id, method, waited)
        if not is_app(request):
            remember_device(request, user)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> NoReturn:
        raise AccountClosed("You cannot sign in to it any more. Ask the people who run this instance why.")

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """allauth's own notices ("signed in as …") say what the next page shows anyway; errors stay."""
        if kwargs.get("message"):
            super().add_message(request, level, *args, **kwargs)

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tells the owner of the address; the one who typed it sees what a new member would see."""
        self.send_mail("account/email/account_already_exists", email, {})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Raises `MailNotSent`."""
        if template_prefix == UNKNOWN:
            # The same work as for an address that is known, so that the answer takes the same time.
            self.send_password_reset_mail(None, email, context)
            return
        limits.check("code.account", email.lower())
        mail.send(MAILS[template_prefix], email, {"code": context.get("code")})

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """The one gate to another password, for pages and allauth's API alike.

        Signed in, the session must have shown a second factor lately; with a mailed link this very request
        must show one: neither the mailbox nor a lost browser is enough for an account that has a factor.
        Raises `SecondStepNeeded`, `WrongSecondStep`, `LinkOver`, `RateLimited`.
        """
        password_gate.set_password(context.request, user, password)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Not used: the link is made when the mail is."""
        return settings.ORIGIN

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        resets.ask_reset(email=email, address=client_ip(self.request))

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """The events of our services tell the owner; allauth's own mails would tell it twice."""

    def _refuse_address(
        self, request: HttpRequest, member_id: UUID | None, method: str, settles: Any = None
    ) -> NoReturn:
        self._record(request, LoginOutcome.ADDRESS_BLOCKED, member_id, method, settles)
        raise AddressBlocked

    def _record(
        self,
        request: HttpRequest,
        outcome: LoginOutcome,
        member_id: UUID | None,
        method: str = SignInMethod.PASSWORD,
        settles: Any = None,
    ) -> UUID:
        return services.record_sign_in(
            attempt=sign_in_attempt(request),
            outcome=outcome,
            member_id=member_id,
            method=method,
            settles=settles,
        )
