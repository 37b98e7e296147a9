"""What people type about offers and vouchers."""

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator

from beyou.core.money import NotMoney, parse, plain_amount
from beyou.marketplace.rules import MOST_PRICE
from beyou.offers.rules import LAST_YEAR, Reduction, Step


class MoneyField(forms.CharField):
    """An amount as people type it, as minor units of one currency; None when it was left empty."""

    def __init__(self, *, currency: str, **options: Any) -> None:
        self.currency = currency
        attrs = {"inputmode": "decimal", "autocomplete": "off", "placeholder": plain_amount(1250, currency)}
        super().__init__(max_length=40, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            found = parse(text, self.currency)
        except NotMoney as error:
            raise ValidationError(str(error)) from None
        if found > MOST_PRICE * 100:
            raise ValidationError("This amount is too large.")
        return found


class PriceForm(forms.Form):
    """A price that is named in an offer."""

    def __init__(self, *args: Any, currency: str, label: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["price"] = MoneyField(
            currency=currency,
            label=f"{label} in {currency}",
            error_messages={"required": "Type the price that you want, such as 12.50."},
        )


class StepForm(forms.Form):
    """Which step, and the price that the page showed."""

    step = forms.ChoiceField(choices=[(step.value, step.value) for step in Step])
    seen = forms.IntegerField(required=False, min_value=0, max_value=10**15)


class NewQuery(forms.Form):
    """What the page of a new offer begins with: an item or one of its variants."""

    item = forms.UUIDField(required=False)
    variant = forms.UUIDField(required=False)


def ids_of(texts: list[str]) -> list[UUID]:
    """The ids among what a form sent; the rest is nobody's."""
    found = []
    for text in texts[:100]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


class PositionForm(forms.Form):
    before = forms.UUIDField(required=False)


def _day(label: str, hint: str) -> forms.DateField:
    return forms.DateField(
        validators=[
            MaxValueValidator(dt.date(LAST_YEAR, 12, 30), f"Choose a day up to the year {LAST_YEAR}.")
        ],
        label=label,
        help_text=hint,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Choose a day, such as 2027-03-31."},
    )


def _number(label: str, hint: str, **options: Any) -> forms.IntegerField:
    words = dict.fromkeys(("invalid", "min_value", "max_value", "required"), "Type a whole number, as 10.")
    field = forms.IntegerField(
        label=label, help_text=hint, min_value=0, max_value=10**6, error_messages=words, **options
    )
    field.widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "7"})
    return field


class VoucherForm(forms.Form):
    """A new voucher of a seller."""

    def __init__(self, *args: Any, currency: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["percent"] = _number("Percent off", "Either this …", required=False)
        self.fields["amount"] = MoneyField(
            currency=currency, label=f"Amount off in {currency}", help_text="… or this.", required=False
        )
        self.fields["minimum"] = MoneyField(
            currency=currency,
            label=f"For orders from, in {currency}",
            help_text="What your things in the order cost at least, without delivery. Empty is any.",
            required=False,
        )
        self.fields["uses"] = _number("How many orders can use it", "Each member can use it once.", initial=1)
        self.fields["begins"] = _day("From", "Empty is at once.")
        self.fields["ends"] = _day("Until the end of", "Empty is for ever.")

    def wanted(self) -> dict[str, Any]:
        """What `services.create_voucher` takes. Days are those of UTC."""
        clean = self.cleaned_data
        begins, ends = clean["begins"], clean["ends"]
        return {
            "reduction": Reduction(clean["amount"] or 0, clean["percent"] or 0, clean["minimum"] or 0),
            "uses": clean["uses"],
            "begins_at": _start_of(begins) if begins else None,
            "ends_at": _start_of(ends) + dt.timedelta(days=1) if ends else None,
        }


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
