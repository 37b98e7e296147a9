"""What members and staff say about decisions."""

from typing import Any, Final

from django import forms

from beyou.moderation.rules import DAYS, LIMITED, MOST_WORDS, REASONS, Kind, Reason

_WORDS: Final = {"required": "Say something here."}


def _text(label: str, hint: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MOST_WORDS,
        help_text=hint,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": MOST_WORDS}),
        error_messages=_WORDS,
    )


def _lasts(days: int) -> str:
    return f"for {days} day{'' if days == 1 else 's'}"


_LIMIT: Final = "limit_"
_WHAT: Final = {
    "warning": "A warning",
    **{f"{_LIMIT}{days}": f"Limit the reach {_lasts(days)}" for days in DAYS},
    **{str(days): f"Suspend {_lasts(days)}" for days in DAYS},
    "for_ever": "Suspend for ever (a second of the staff must agree)",
}


class SanctionForm(forms.Form):
    """A warning, or a limit or suspension and how long."""

    what = forms.ChoiceField(label="What", choices=list(_WHAT.items()))
    reason = forms.ChoiceField(label="Why", choices=[(each.value, words) for each, words in REASONS.items()])
    words = _text("What the member reads", "What happened, where, and what you expect from now on.")

    def chosen(self) -> dict[str, Any]:
        """The arguments of `services.sanction`."""
        what = self.cleaned_data["what"]
        days = what.removeprefix(_LIMIT)
        kind = Kind.LIMIT if days != what else Kind.SUSPENSION
        return {
            "kind": Kind.WARNING if what == "warning" else kind,
            "days": int(days) if days.isdigit() else None,
            "reason": Reason(self.cleaned_data["reason"]),
            "words": self.cleaned_data["words"],
        }

    def preview(self) -> dict[str, str]:
        """What the member will read."""
        said = self.cleaned_data
        is_limit = said["what"].startswith(_LIMIT)
        return {
            "title": _WHAT[said["what"]],
            "meaning": LIMITED if is_limit else "",
            "reason": REASONS[Reason(said["reason"])],
            "words": said["words"],
        }


class LiftForm(forms.Form):
    why = forms.CharField(
        label="Why", min_length=5, max_length=200, help_text="It stands in the audit.", error_messages=_WORDS
    )


class AppealForm(forms.Form):
    words = _text("Why it is wrong", "Somebody else of the staff than who decided reads it and answers.")


class AnswerForm(forms.Form):
    answer = _text("Your answer", "The member reads it.")
