"""What the staff pages of the automatic help take."""

from typing import Any

from django import forms

from beyou.automod.rules import ACTIONS, MOST_LETTERS, NOTE_LENGTH, PLACES, Action, Place, pattern_problem
from beyou.console.place_forms import PlainLine
from beyou.marketplace.rules import REASON_LENGTH


class WordForm(forms.Form):
    """A watched word, where it is watched for, and what happens then."""

    pattern = PlainLine(
        label="Word or phrase",
        max_length=MOST_LETTERS,
        help_text="Capitals, accents and letters that only look alike make no difference. A star at the end"
        " stands for any ending: gambl* finds gambling.",
    )
    action = forms.ChoiceField(
        label="What happens",
        choices=[(each.value, words) for each, words in ACTIONS.items()],
        help_text="Only items can be held. In messages and profiles a held word is refused.",
    )
    places = forms.MultipleChoiceField(
        label="Where",
        choices=[(each.value, words) for each, words in PLACES.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=[Place.ITEMS.value],
        error_messages={"required": "Choose at least one place."},
    )
    note = PlainLine(
        label="Note", required=False, max_length=NOTE_LENGTH, help_text="Why. Only the staff read it."
    )
    version = forms.IntegerField(
        required=False, min_value=0, max_value=2_000_000_000, widget=forms.HiddenInput
    )

    def clean_pattern(self) -> str:
        pattern: str = self.cleaned_data["pattern"]
        if problem := pattern_problem(pattern):
            raise forms.ValidationError(problem)
        return pattern

    def chosen(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "pattern": said["pattern"],
            "action": Action(said["action"]),
            "places": frozenset(Place(each) for each in said["places"]),
            "note": said["note"],
        }


class WordPlaceForm(forms.Form):
    """Where the list of words goes on."""

    before = forms.UUIDField(required=False)


class HeldForm(forms.Form):
    """Which version of what is held the moderator has read."""

    version = forms.IntegerField(min_value=1, max_value=2_000_000_000, widget=forms.HiddenInput)


class SendBackForm(forms.Form):
    reason = forms.CharField(
        label="Why not",
        max_length=REASON_LENGTH,
        help_text="The seller reads it.",
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": REASON_LENGTH}),
        error_messages={"required": "Say why: the seller reads it."},
    )
