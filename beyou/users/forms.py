"""The forms of sign-up and sign-in. What was typed stays, except passwords."""

from typing import Any

from allauth.account.forms import ConfirmEmailVerificationCodeForm, LoginForm, SignupForm
from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from beyou.core import limits
from beyou.core.errors import RateLimited
from beyou.instance import invitations
from beyou.instance.errors import InvitationOver
from beyou.instance.queries import current
from beyou.instance.rules import APPROVAL, INVITE
from beyou.users import proof_of_work, queries, rules, services
from beyou.users.address_blocks import is_blocked
from beyou.users.errors import AddressBlocked
from beyou.users.password_forms import new_password_hint


class HandleTaken(Exception):
    """Somebody else took the handle between the check and the insert."""


class SignUpForm(SignupForm):
    """Handle, name, address and password, paid for by a proof of work."""

    account_already_exists: bool

    handle = forms.CharField(
        label="Handle",
        help_text="How friends find you: 3 to 30 letters, digits or underscores.",
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    name = forms.CharField(
        label="Name",
        help_text="How others see you. You can leave it empty.",
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    invitation = forms.CharField(
        label="Invitation",
        help_text="New members need one here; the link that you were sent fills it in.",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    proof = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)

    field_order = ("handle", "name", "email", "password1", "invitation", "proof")

    def __init__(self, *args: Any, address: str = "", **kwargs: Any) -> None:
        self._address = address
        super().__init__(*args, **kwargs)
        if current().registration != INVITE:
            # Whoever comes by a link while everybody may join needs none.
            self.fields["invitation"].required = False
            self.fields["invitation"].widget = forms.HiddenInput()
        self.fields["email"].label = "E-mail address"
        self.fields["email"].help_text = "Only you see it. We send a code there."
        if current().registration == APPROVAL:
            self.fields["email"].help_text += " Then you say why you want to join, and our staff decide."
        self.fields["email"].widget.attrs.pop("placeholder", None)
        self.fields["password1"].help_text = new_password_hint()
        self.fields["password1"].widget.attrs.pop("placeholder", None)

    def clean_handle(self) -> str:
        handle = rules.plain_handle(self.cleaned_data["handle"])
        if problem := rules.handle_problem(handle):
            raise forms.ValidationError(problem)
        services.forget_unconfirmed(handle=handle)
        if queries.is_handle_taken(handle):
            raise forms.ValidationError("This handle is taken. Please choose another.")
        return handle

    def clean_email(self) -> str:
        services.forget_unconfirmed(email=self.cleaned_data["email"])
        email: str = super().clean_email()
        return email

    def clean_invitation(self) -> str:
        token: str = self.cleaned_data["invitation"]
        try:
            invitations.check_may_join(token)
        except InvitationOver as error:
            raise forms.ValidationError(error.detail) from None
        return token

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        """The proof is spent last, so that a mistake elsewhere does not cost another one."""
        super().clean()
        if not self.errors:
            try:
                limits.check("sign_up.address", self._address)
            except RateLimited as error:
                raise forms.ValidationError(f"Too many attempts. {error.detail}") from None
            if is_blocked(self._address):
                refusal = AddressBlocked()
                raise forms.ValidationError(f"{refusal.title}. {refusal.detail}")
            if not self.is_paid():
                raise forms.ValidationError(
                    "The check against robots was not finished or is too old. It needs JavaScript; "
                    "it starts again by itself."
                )
        data: dict[str, Any] = self.cleaned_data
        return data

    def is_paid(self) -> bool:
        """Whether the toll for robots is paid; it is spent then."""
        return proof_of_work.is_paid(self.cleaned_data["proof"])

    def try_save(self, request: HttpRequest) -> tuple[AbstractBaseUser | None, HttpResponse | None]:
        """Raises `HandleTaken`, `InvitationOver`. A known address gets the same answer, in the same time, as
        a new one.
        """
        if not self.account_already_exists:
            try:
                with transaction.atomic():
                    invitations.admit(self.cleaned_data["invitation"])
                    return self.save(request), None
            except IntegrityError:
                if queries.is_handle_taken(self.cleaned_data["handle"]):
                    raise HandleTaken from None
                self.account_already_exists = True
        make_password(self.cleaned_data.get("password1"))
        saved: tuple[AbstractBaseUser | None, HttpResponse | None] = super().try_save(request)
        return saved

    def save(self, request: HttpRequest) -> AbstractBaseUser:
        return services.create_member(
            handle=self.cleaned_data["handle"],
            name=self.cleaned_data["name"],
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            awaits_approval=invitations.needs_approval(),
        )


class SignInForm(LoginForm):
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""
        # Browsers offer passkeys where addresses are typed ("webauthn" comes last, as HTML asks).
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"


class CodeForm(ConfirmEmailVerificationCodeForm):
    """The code from the mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.max_length = 20
        field.widget.attrs |= {"inputmode": "numeric", "autofocus": True, "maxlength": 20}
        field.widget.attrs.pop("placeholder", None)
