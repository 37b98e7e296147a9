"""What members and staff say about reports."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django import forms

from beyou.messaging.queries import removed_words
from beyou.moderation.rules import REASONS, Reason
from beyou.reports.queries import Message
from beyou.reports.rules import (
    MOST_AT_ONCE,
    MOST_WORDS,
    REMOVABLE,
    Hold,
    Origin,
    Part,
    Target,
    Wanted,
    told,
    told_of_messages,
)


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
    origin = forms.ChoiceField(
        label="Reported by",
        required=False,
        choices=[
            ("", "Anybody"),
            (Origin.MEMBERS.value, "Members alone"),
            (Origin.FOUND.value, "The automatic help"),
        ],
    )
    hold = forms.ChoiceField(
        label="Held by",
        required=False,
        choices=[("", "Anybody or nobody"), (Hold.FREE.value, "Nobody"), (Hold.MINE.value, "Me")],
    )
    after = forms.UUIDField(required=False)

    def chosen(self) -> Wanted:
        """Once the form is valid."""
        return wanted_of(self.cleaned_data)

    def carried(self) -> dict[str, str]:
        """The filters that the address of the next page repeats."""
        return {name: self.cleaned_data[name] for name in WANTED if self.cleaned_data[name]}


#: What of the queue can be filtered.
WANTED: Final = ("target", "origin", "hold")


def wanted_of(chosen: Mapping[str, str]) -> Wanted:
    """What somebody chose from the lists; what is missing or empty leaves it open."""
    target, origin, hold = (chosen.get(name) for name in WANTED)
    return Wanted(
        Target(target) if target else None, Origin(origin) if origin else None, Hold(hold) if hold else None
    )


class UndoForm(forms.Form):
    decision = forms.UUIDField()


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


class _TakingForm(AnswerForm):
    """Why something is taken away, what the member reads, and what whoever reported it does."""

    reason = forms.ChoiceField(label="Why", choices=[(each.value, words) for each, words in REASONS.items()])
    words = _words("What the member reads", required="Say what the member reads.")
    answer = _words(
        "Your answer to whoever reported it", hint="Optional. They read that it was taken away.", rows=2
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].widget.attrs["maxlength"] = MOST_WORDS - _TOLD

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        if len(words) > MOST_WORDS - _TOLD:
            raise forms.ValidationError(f"Say it in up to {MOST_WORDS - _TOLD} characters.")
        return words

    def _choose(self, field: str, choices: list[tuple[str, str]]) -> None:
        several = self.fields[field]
        assert isinstance(several, forms.MultipleChoiceField)
        several.choices = choices

    def chosen(self) -> dict[str, Any]:
        """Once the form is valid: the arguments that every removal takes."""
        said = self.cleaned_data
        return {"reason": Reason(said["reason"]), "words": said["words"], "answer": said["answer"]}

    def told(self) -> str:
        """What the member will read. Each of the two forms below says it; a form of Django's cannot be an
        abstract class.
        """
        raise NotImplementedError

    def preview(self) -> dict[str, str]:
        """The same with its head."""
        reason = REASONS[self.chosen()["reason"]]
        return {"title": "Something of yours is taken away", "reason": reason, "words": self.told()}


class RemoveForm(_TakingForm):
    """What of the target to take away, why, and what the member reads."""

    parts = forms.MultipleChoiceField(
        label="What to take away",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what to take away."},
    )
    field_order = ("parts", "reason", "words", "answer")

    def __init__(self, *args: Any, target: Target, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("parts", [(each.value, _PARTS[each]) for each in REMOVABLE.get(target, ())])

    def chosen(self) -> dict[str, Any]:
        """The arguments of `services.remove`."""
        return super().chosen() | {"parts": [Part(each) for each in self.cleaned_data["parts"]]}

    def told(self) -> str:
        return told(self.chosen()["parts"], self.cleaned_data["words"])


class RemoveMessagesForm(_TakingForm):
    """Which messages of the case to remove, why, and what their author reads."""

    messages = forms.TypedMultipleChoiceField(
        label="Which messages",
        coerce=UUID,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what to remove.", "invalid_choice": "It cannot be removed now."},
    )
    field_order = ("messages", "reason", "words", "answer")

    def __init__(self, *args: Any, messages: Sequence[Message], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose(
            "messages", [(str(each.row.message_id), each.text) for each in messages if each.can_be_removed]
        )
        self.fields["reason"].help_text = "Both read it in the chat, in place of the message."
        self.fields["words"].label = "What the author reads"
        self.fields["words"].help_text = "The other one does not read this."

    def chosen(self) -> dict[str, Any]:
        """The arguments of `services.remove_messages`."""
        return super().chosen() | {"message_ids": self.cleaned_data["messages"]}

    def told(self) -> str:
        return told_of_messages(len(self.cleaned_data["messages"]), self.cleaned_data["words"])

    def preview(self) -> dict[str, str]:
        """What the author will read, and what both will in the chat."""
        return super().preview() | {"chat": removed_words(REASONS[self.chosen()["reason"]])}


#: Room for what the member reads before the words.
_TOLD: Final = 120
_PARTS: Final = {
    Part.TEXT: "The text of the profile",
    Part.PICTURE: "The picture of the profile",
    Part.ITEM: "The item: it is off the market",
}
