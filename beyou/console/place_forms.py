"""What the staff pages of the place itself take."""

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings

from beyou.core import clock
from beyou.instance.rules import (
    ACCENTS,
    APPROVAL,
    INVITE,
    NAME_LENGTH,
    RULES_LENGTH,
    one_line,
    plain_text,
    text_problem,
)

YEAR = dt.timedelta(days=366)


class PlainText(forms.CharField):
    """Paragraphs of plain text, in which nothing is hidden."""

    def __init__(self, *, rows: int, max_length: int, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows})
        super().__init__(max_length=max_length, widget=widget, **kwargs)

    def to_python(self, value: Any) -> str:
        return plain_text(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        super().validate(value)
        if problem := text_problem(value):
            raise forms.ValidationError(problem)


class PlainLine(forms.CharField):
    """One line of plain text, in which nothing is hidden."""

    def to_python(self, value: Any) -> str:
        return one_line(super().to_python(value) or "")

    def validate(self, value: str) -> None:
        super().validate(value)
        if problem := text_problem(value):
            raise forms.ValidationError(problem)


class SettingsForm(forms.Form):
    """What owners set. `version` is what they saw."""

    version = forms.IntegerField(min_value=0, max_value=2_000_000_000, widget=forms.HiddenInput)
    name = PlainLine(label="Name of the community", required=False, max_length=NAME_LENGTH)
    rules = PlainText(
        label="Rules",
        required=False,
        max_length=RULES_LENGTH,
        rows=12,
        help_text="Plain text. An empty line begins a paragraph; addresses with https:// become links."
        " Everybody reads it at /rules, also before joining.",
    )
    accent = forms.ChoiceField(
        label="Colour",
        required=False,
        choices=[("", "As it comes (Iris)"), *((each, each.capitalize()) for each in ACCENTS)],
        help_text="Of the pages for visitors, and of new members until they choose another.",
    )

    registration = forms.ChoiceField(
        label="Who can join",
        required=False,
        choices=[
            ("", "Everybody"),
            (INVITE, "Whoever has an invitation"),
            (APPROVAL, "Whoever the staff lets in"),
        ],
        help_text="Holds at once. Members stay members, and who waits for the staff goes on waiting.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = f"Empty: {settings.INSTANCE_NAME}, as BEYOU_INSTANCE_NAME says."


class InvitationForm(forms.Form):
    note = PlainLine(
        label="Note", required=False, max_length=60, help_text="Whom it is for. Only owners read it."
    )
    uses = forms.IntegerField(label="How many may join by it", min_value=1, max_value=1000, initial=1)
    days = forms.IntegerField(label="For how many days", min_value=1, max_value=365, initial=7)


class AnnouncementForm(forms.Form):
    title = PlainLine(label="Title", max_length=100)
    text = PlainText(
        label="Text",
        required=False,
        max_length=2000,
        rows=5,
        help_text="Plain text. An empty line begins a paragraph; addresses with https:// become links.",
    )
    is_for_members = forms.BooleanField(label="For members alone", required=False)
    starts_at = forms.DateTimeField(
        label="From",
        required=False,
        help_text="UTC. Empty: now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    ends_at = forms.DateTimeField(
        label="Until",
        help_text="UTC, within a year.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        data["starts_at"] = data.get("starts_at") or clock.now()
        ends_at = data.get("ends_at")
        if ends_at and not max(data["starts_at"], clock.now()) < ends_at < clock.now() + YEAR:
            self.add_error(
                "ends_at", "It ends before it begins, or in more than a year. Choose another time."
            )
        return data


class ChangeForm(AnnouncementForm):
    """One that exists. `version` is what was seen."""

    version = forms.IntegerField(min_value=1, max_value=2_000_000_000, widget=forms.HiddenInput)
