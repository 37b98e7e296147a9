"""Which days a request asks for."""

from django import forms
from django.http import HttpRequest

from beyou.analytics.rules import DEFAULT_RANGE, RANGES, Period
from beyou.core import clock
from beyou.core.errors import InvalidInput


class RangeForm(forms.Form):
    days = forms.ChoiceField(choices=[(str(days), f"{days} days") for days in RANGES], required=False)


def asked_period(request: HttpRequest) -> Period:
    """The last so many days, today among them. Raises `InvalidInput`."""
    form = RangeForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("Choose 7, 30, 90 or 365 days.")
    return last_days(int(form.cleaned_data["days"] or DEFAULT_RANGE))


def last_days(days: int) -> Period:
    return Period.ending(clock.now().date(), days)
