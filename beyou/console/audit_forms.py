"""What the page of the audit takes."""

import datetime as dt
from typing import Any, Final

from django import forms

from beyou.console import audit_words
from beyou.users.rules import plain_handle

_FILTERS: Final = ("act", "by", "about", "since", "until")
_YEARS: Final = range(2000, 3000)


class AuditForm(forms.Form):
    """Filters and place of the audit list."""

    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    act = forms.CharField(label="Act", required=False, max_length=60, widget=forms.Select())
    by = forms.CharField(label="By (handle)", required=False, max_length=31)
    about = forms.CharField(label="About (handle)", required=False, max_length=31)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["act"]
        assert isinstance(field.widget, forms.Select)
        field.widget.choices = audit_words.choices(str(self.data.get("act", ""))[:60])

    def clean_by(self) -> str:
        return plain_handle(self.cleaned_data["by"])

    def clean_about(self) -> str:
        return plain_handle(self.cleaned_data["about"])

    def clean_since(self) -> dt.date | None:
        return _checked(self.cleaned_data["since"])

    def clean_until(self) -> dt.date | None:
        return _checked(self.cleaned_data["until"])

    def clean(self) -> dict[str, Any]:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", "This is before the first day.")
        return self.cleaned_data

    def carried(self) -> dict[str, str]:
        """The filters that the address of the next page, and the wish for the file, repeat."""
        return {name: str(self.cleaned_data[name]) for name in _FILTERS if self.cleaned_data.get(name)}


def _checked(day: dt.date | None) -> dt.date | None:
    if day and day.year not in _YEARS:
        raise forms.ValidationError("Choose a day of this millennium.")
    return day
