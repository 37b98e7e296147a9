"""The form of a new access token."""

from typing import Any

from django import forms

from beyou.core.ids import is_uuid7, uuid7
from beyou.users.scopes import MEANING, Scope

#: How long a token may last, in days.
LIFETIMES = {7: "A week", 30: "30 days", 90: "90 days", 180: "Half a year", 365: "A year"}


class TokenForm(forms.Form):
    """Name, scopes and life of a token. Its id comes with the form, so that a repeat is seen."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(
        label="Name",
        help_text="So that you know it again, such as “Backup script”.",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(scope.value, words) for scope, words in MEANING.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing that it may do."},
    )
    days = forms.TypedChoiceField(
        label="It ends after", choices=list(LIFETIMES.items()), coerce=int, initial=90
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["id"].initial = uuid7

    def clean_id(self) -> Any:
        """Only ids of the kind that the form gives, so that nobody plants an odd one."""
        value = self.cleaned_data["id"]
        if not is_uuid7(value):
            raise forms.ValidationError("Load the page again, then retry.")
        return value

    def clean_name(self) -> str:
        """A line that people can read: nothing invisible."""
        name = " ".join(self.cleaned_data["name"].split())
        if not name or not name.isprintable():
            raise forms.ValidationError("Use visible characters only.")
        return name

    def clean_scopes(self) -> list[Scope]:
        return [Scope(value) for value in self.cleaned_data["scopes"]]
