"""What the two sides fill in."""

from typing import Any

from django import forms

from beyou.core.money import NotMoney, parse
from beyou.disputes.rules import REASONS, TEXT_LENGTH, Reason

#: No order costs more; it keeps sums within the columns.
MOST_MINOR = 10**12


def _words(label: str, *, required: str = "", hint: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=bool(required),
        max_length=TEXT_LENGTH,
        help_text=hint,
        widget=forms.Textarea(attrs={"rows": 5, "maxlength": TEXT_LENGTH}),
        error_messages={"required": required},
    )


class ClaimForm(forms.Form):
    """What is wrong with what came, or did not come."""

    reason = forms.ChoiceField(
        label="What is wrong?",
        choices=[(each.value, words) for each, words in REASONS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is wrong."},
    )
    text = _words(
        "What happened?",
        required="Say what is wrong: the seller reads it first.",
        hint="The seller reads it, and our staff if the two of you cannot agree.",
    )

    def chosen(self) -> Reason:
        """Once the form is valid."""
        return Reason(self.cleaned_data["reason"])


class SayForm(forms.Form):
    text = _words("Add something")


class OfferForm(forms.Form):
    """A part of the money, typed as people type it."""

    amount = forms.CharField(
        label="How much the buyer gets back",
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Type how much you offer, such as 5.00."},
    )
    text = _words("A word to the buyer")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> int:
        return read_amount(self.cleaned_data["amount"], self.currency)


def read_amount(text: str, currency: str) -> int:
    """What was typed, in minor units. Raises a `ValidationError` that says what is wrong."""
    try:
        found = parse(text, currency)
    except NotMoney as error:
        raise forms.ValidationError(str(error)) from error
    if found > MOST_MINOR:
        raise forms.ValidationError("That is more than was paid.")
    return found


class ContestForm(forms.Form):
    text = _words("Why do you disagree?", required="Say why you disagree: the staff read it.")


class DeclineForm(forms.Form):
    text = _words("Why is it not enough?")


class AgreeForm(forms.Form):
    """`seen` is the offer as the buyer saw it, so that another one is not taken by mistake."""

    seen = forms.IntegerField(min_value=1, max_value=MOST_MINOR)


class PlaceForm(forms.Form):
    """Where in a list."""

    before = forms.UUIDField(required=False)


class ThreadForm(forms.Form):
    """Where in the conversation: before the message with this number."""

    before = forms.IntegerField(required=False, min_value=1, max_value=2**62)
