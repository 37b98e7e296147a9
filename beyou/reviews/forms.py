"""What members fill in about a trade."""

from django import forms

from beyou.reviews.rules import MOST_REPLY, MOST_TEXT, STAR_WORDS, Side


class RatingForm(forms.Form):
    """Stars and words. How long the words may be is said by the service, which counts them cleaned."""

    stars = forms.TypedChoiceField(
        label="How did it go?",
        coerce=int,
        choices=[(stars, words) for stars, words in STAR_WORDS.items()],
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose one to five stars.",
            "invalid_choice": "Choose one to five stars.",
        },
    )
    text = forms.CharField(
        label="What should others know?",
        required=False,
        max_length=4 * MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5, "maxlength": MOST_TEXT}),
        help_text="Everybody who may see the profile reads it. Leave out addresses and other private things.",
    )


class ReplyForm(forms.Form):
    text = forms.CharField(
        label="Your reply",
        max_length=4 * MOST_REPLY,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MOST_REPLY}),
        help_text="There is one, and it stays as it is.",
        error_messages={"required": "Write what you want to reply."},
    )


class HistoryForm(forms.Form):
    """Which ratings, and below which number to continue."""

    rated_by = forms.ChoiceField(choices=[(side.value, side.value) for side in Side], required=False)
    before = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False)

    @property
    def side(self) -> Side:
        return Side(self.cleaned_data["rated_by"] or Side.BUYER)
