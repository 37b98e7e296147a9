"""What the pages of the sign-in log take."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from beyou.users.rules import plain_handle
from beyou.users.sign_in_log import METHODS, OUTCOMES


def _choices(everything: str, words: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [("", everything), *((key.value, name) for key, name in words.items())]


class LogForm(forms.Form):
    """Filters and place of the sign-in log."""

    DAYS: Final = 7

    handle = forms.CharField(label="Member", required=False, max_length=31)
    place = forms.CharField(
        label="Address or range", required=False, max_length=50, help_text="Such as 203.0.113.0/24."
    )
    outcome = forms.ChoiceField(
        label="Outcome",
        required=False,
        choices=_choices("Any", OUTCOMES),
    )
    method = forms.ChoiceField(
        label="With",
        required=False,
        choices=_choices("Anything", METHODS),
    )
    path = forms.CharField(label="Path", required=False, max_length=100)
    days = forms.TypedChoiceField(
        label="Days",
        required=False,
        choices=[("7", "7 days"), ("1", "1 day"), ("30", "30 days"), ("90", "90 days")],
    )
    before = forms.UUIDField(required=False)
    live = forms.BooleanField(required=False)

    def clean_handle(self) -> str:
        return plain_handle(self.cleaned_data["handle"])

    def carried(self) -> dict[str, Any]:
        """The filters that the address of the next page repeats."""
        names = ("handle", "place", "outcome", "method", "path", "days")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}
