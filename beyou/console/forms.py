"""What the staff pages take."""

from typing import Any
from uuid import UUID

from django import forms

from beyou.core.money import NotMoney, parse
from beyou.health.rules import TITLES
from beyou.users.queries import listed_members
from beyou.users.rules import Level, plain_handle
from beyou.verification.rules import WORDS, Part

LEVELS = [(level.value, level.value.capitalize()) for level in Level]


class GrantForm(forms.Form):
    handle = forms.CharField(label="Handle", max_length=31, help_text="Of a member with a confirmed address.")
    level = forms.ChoiceField(label="Level", choices=LEVELS)

    #: Once the form is valid.
    member_id: UUID

    def clean_handle(self) -> str:
        handle = plain_handle(self.cleaned_data["handle"])
        found = listed_members().filter(handle=handle).values_list("id", flat=True).first()
        if found is None:
            raise forms.ValidationError("There is no member with this handle.")
        self.member_id = found
        return handle


class WithdrawForm(forms.Form):
    member = forms.UUIDField()
    level = forms.ChoiceField(choices=LEVELS)


class PlaceForm(forms.Form):
    """Where in a list: behind the row `before`, or beside the request `at`."""

    before = forms.UUIDField(required=False)
    at = forms.UUIDField(required=False)


class RejectForm(forms.Form):
    why = forms.ChoiceField(
        label="Reason", choices=[("", "Choose one"), *((why.value, words) for why, words in WORDS.items())]
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=500,
        help_text="The member reads it.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500}),
    )


class AskForm(forms.Form):
    parts = forms.MultipleChoiceField(
        label="What must be sent again",
        choices=[(Part.IMAGE.value, "The picture"), (Part.REASON.value, "The reason")],
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(
        label="What is missing",
        max_length=500,
        help_text="The member reads it.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500}),
    )


class EscalateForm(forms.Form):
    to = forms.ChoiceField(
        label="To whom",
        choices=[(Level.VERIFIER.value, "Another reviewer"), (Level.OWNER.value, "An owner")],
        initial=Level.OWNER.value,
    )
    note = forms.CharField(
        label="What should they look at?",
        max_length=500,
        help_text="Your colleague reads it. It is a part of the copy that the member can get of their data.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 500}),
    )


class NoteForm(forms.Form):
    """Why something is taken back or refused."""

    note = forms.CharField(
        label="Reason",
        max_length=300,
        help_text="The member reads it.",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 300}),
        error_messages={"required": "Say why: the member reads it."},
    )


class RefuseForm(forms.Form):
    """Why a member gets no help this way."""

    answer = forms.CharField(
        label="Why not? The member reads it.", max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class DecideForm(forms.Form):
    """How much of what was paid goes back, and why."""

    amount = forms.CharField(
        label="Back to the buyer",
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Type an amount; 0 gives nothing back."},
    )
    text = forms.CharField(
        label="Reason",
        max_length=2000,
        help_text="Both sides read it.",
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": 2000}),
        error_messages={"required": "Say why: both sides read it."},
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> int:
        try:
            return parse(self.cleaned_data["amount"], self.currency)
        except NotMoney as error:
            raise forms.ValidationError(str(error)) from error


class AlertsForm(forms.Form):
    """Where in the alerts the page begins."""

    before = forms.UUIDField(required=False)


class SilenceForm(forms.Form):
    """Which check is silent, and for how long."""

    check = forms.ChoiceField(choices=list(TITLES.items()))
    hours = forms.TypedChoiceField(
        label="Silent for",
        coerce=int,
        choices=[(1, "1 hour"), (4, "4 hours"), (24, "1 day"), (168, "7 days"), (0, "not at all")],
    )
