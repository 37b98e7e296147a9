"""The small forms around second factors. They parse; `factors` and `passkeys` decide."""

import json
from typing import Any

from django import forms

from beyou.users import passkeys
from beyou.users.codes import CODE_LENGTH

CREDENTIAL_LENGTH = 20_000


def credential_of(text: str) -> Any:
    """The JSON that our script made of a passkey's answer; None for anything else."""
    try:
        value = json.loads(text) if len(text) <= CREDENTIAL_LENGTH else None
    # Nested a thousand times deep it is no answer either.
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class CodeField(forms.CharField):
    """A one-time code as typed or pasted; spaces are no mistake."""

    def __init__(self, *, letters: bool = False, **kwargs: Any) -> None:
        attributes = {
            "autocomplete": "one-time-code",
            "inputmode": "text" if letters else "numeric",
            "autocapitalize": "none",
            "spellcheck": "false",
            "autofocus": True,
        }
        widget = forms.TextInput(attrs=attributes)
        super().__init__(label=kwargs.pop("label", "Code"), max_length=CODE_LENGTH, widget=widget, **kwargs)


class TotpForm(forms.Form):
    """The code that shows that the app has the secret."""

    code = CodeField(label="Code of the app")


class SecondStepForm(forms.Form):
    """A code at sign-in: of the app, or a recovery code."""

    code = CodeField(label="Code")

    def __init__(self, *args: Any, recovery: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if recovery:
            self.fields["code"] = CodeField(label="Recovery code", letters=True)


class PasskeyNameForm(forms.Form):
    """What the member calls a passkey."""

    name = forms.CharField(
        label="Name",
        help_text="So that you know it again, such as “Phone”.",
        max_length=passkeys.NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())
