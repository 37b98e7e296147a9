"""What members and staff say about reports."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from beyou.moderation.rules import REASONS, Reason
from beyou.reports.rules import MOST_AT_ONCE, MOST_WORDS, Target


def _words(label: str, *, required: str = "", hint: str = "", rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=bool(required),
        max_length=MOST_WORDS,
        help_text=hint,
        widget=forms.Textarea(attrs={"rows": rows, "maxlength": MOST_WORDS}),
        error_messages={"required": required},
    )


class ReportForm(forms.Form):
    """What is wrong with somebody or something."""

    reason = forms.ChoiceField(
        label="What is wrong?",
        choices=[(each.value, words) for each, words in REASONS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is wrong."},
    )
    words = _words(
        "What happened?",
        required="Say what is wrong: our staff read it.",
        hint="Only our staff read it. Whom you report is not told who it was.",
    )

    def __init__(self, *args: Any, target: Target, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if target is Target.MESSAGES:
            self.fields["words"].required = False
            self.fields["words"].label = "Anything to add?"

    def chosen(self) -> Reason:
        """Once the form is valid."""
        return Reason(self.cleaned_data["reason"])


class PlaceForm(forms.Form):
    """Where in a list, and what is open beside it."""

    before = forms.UUIDField(required=False)
    at = forms.UUIDField(required=False)


class ThreadForm(forms.Form):
    """Where in the conversation: before the message with this number."""

    before = forms.IntegerField(required=False, min_value=1, max_value=2**62)


class QueueForm(forms.Form):
    """Which cases of the queue, and where in it."""

    target = forms.ChoiceField(
        label="About",
        required=False,
        choices=[
            ("", "Everything"),
            (Target.MEMBER.value, "Members"),
            (Target.MESSAGES.value, "Messages"),
            (Target.ITEM.value, "Items"),
            (Target.ORDER.value, "Orders"),
        ],
    )
    after = forms.UUIDField(required=False)

    def chosen(self) -> Target | None:
        """Once the form is valid."""
        wanted = self.cleaned_data["target"]
        return Target(wanted) if wanted else None


class AnswerForm(forms.Form):
    """What whoever reported it reads beside the outcome."""

    answer = _words("Your answer", hint="Optional. Whoever reported it reads it beside the outcome.", rows=2)


class SanctionAnswerForm(AnswerForm):
    """The answer beside a decision about the member, who does not read it."""

    answer = _words(
        "Your answer to whoever reported it",
        hint="Optional. They are not told what was decided about the member.",
        rows=2,
    )


class BulkForm(AnswerForm):
    """Cases that were ticked, and what whoever reported them reads."""

    def __init__(self, *args: Any, cases: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cases = cases
        self.case_ids: list[UUID] = []

    def clean(self) -> None:
        try:
            self.case_ids = [UUID(each) for each in self.cases]
        except ValueError:
            raise forms.ValidationError("There is no such case.") from None
        if not 0 < len(self.case_ids) <= MOST_AT_ONCE:
            raise forms.ValidationError(f"Tick between 1 and {MOST_AT_ONCE} cases.")


class TakeOffForm(AnswerForm):
    reason = forms.CharField(
        label="Why",
        max_length=300,
        help_text="The seller reads it.",
        error_messages={"required": "Say why: the seller reads it."},
    )
    field_order = ("reason", "answer")
