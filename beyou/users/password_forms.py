"""The forms around a password: asking for a link, a new one, another one."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password

from beyou.users.codes import CODE_LENGTH
from beyou.users.factor_forms import credential_of
from beyou.users.models import User


def new_password_hint() -> str:
    return f"At least {settings.PASSWORD_MIN_LENGTH} characters. A few words are easier to remember."


def new_password_field() -> forms.CharField:
    """A field for a password that nobody has yet. It is never shortened or stripped."""
    return forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class AskForm(forms.Form):
    """Whose password is forgotten."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    proof = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)


class NewPasswordForm(forms.Form):
    """A new password, and a second step for an account that has one."""

    password = new_password_field()
    code = forms.CharField(
        label="Code of your app, or a recovery code",
        max_length=CODE_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
    )
    passkey = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, member: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._member = member
        self.fields["password"].help_text = new_password_hint()

    def clean_passkey(self) -> dict[str, Any] | None:
        """None without an answer; what is no answer at all is a wrong one, which counts."""
        text: str = self.cleaned_data["passkey"]
        return (credential_of(text) or {}) if text else None

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self._member)
        return password


class ChangePasswordForm(NewPasswordForm):
    """The old password, and the one that follows it."""

    current = forms.CharField(
        label="Current password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    others = forms.BooleanField(
        label="Sign out everywhere else, and revoke all access tokens", required=False, initial=True
    )

    field_order = ("current", "password", "others")

    def clean(self) -> dict[str, Any]:
        super().clean()
        data: dict[str, Any] = self.cleaned_data
        if data.get("current") and data["current"] == data.get("password"):
            self.add_error("password", "This is the password that you have. Choose another one.")
        return data
