"""The note beside a block."""

from django import forms

from beyou.blocks.services import REASON_LENGTH


class ReasonForm(forms.Form):
    """For the blocker's own memory."""

    reason = forms.CharField(
        label="A note for yourself",
        help_text="You alone see it, in your list of blocked members. You can leave it empty.",
        max_length=REASON_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
