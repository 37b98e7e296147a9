"""What people type about items, read exactly; and what of it could not be read, kept as it was typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import QueryDict

from beyou.core.money import NotMoney, parse, plain_amount
from beyou.marketplace import rules
from beyou.marketplace.rules import DELIVERIES, MOST_VARIANTS, Delivery, Details, Piece, Step, Terms
from beyou.marketplace.wanted import SORTS, Sort, Wanted

#: Rows for further choices that an item without scripts can fill at once.
_MORE_ROWS = 2
_KEPT = 20_000
_TEXTS = ("title", "description", "condition", "category", "region")


@dataclass(slots=True)
class Typed:
    """What was typed: `details` is what could be read, `wrong` says for each field that could not why.

    `values` is every field as it was typed, for the page that comes back.
    """

    details: Details
    values: dict[str, str]
    wrong: dict[str, str] = field(default_factory=dict)

    def unfinished(self) -> dict[str, str]:
        """The fields that could not be read, as they were typed."""
        groups = {"choices": "choice-", "stock": "stock", "delivery": "way-"}
        starts = tuple(groups.get(name, name) for name in self.wrong)
        return {
            name: text[:_KEPT] for name, text in self.values.items() if self.wrong and name.startswith(starts)
        }


def read(data: QueryDict, *, currency: str, categories: Iterable[str]) -> Typed:
    """Everything that the sell page sends. Never raises: what is wrong stands in `wrong`."""
    values = {name: str(value).replace("\r\n", "\n") for name, value in data.items()}
    typed = Typed(Details(), values)
    texts = {name: values.get(name, "").strip() for name in _TEXTS}
    details = Details(
        **texts,
        price_minor=_amount(typed, "price", values.get("price", ""), currency),
        pieces=_pieces(typed, currency),
        deliveries=_ways(typed, currency),
    )
    found = rules.problems(details, categories=frozenset(categories), currency=currency)
    typed.wrong = found | typed.wrong
    typed.details = _readable(details, typed.wrong)
    return typed


def _readable(details: Details, wrong: Mapping[str, str]) -> Details:
    """The details without what is wrong, which can be kept in a draft."""
    blank = Details()
    names = {"price": "price_minor", "choices": "pieces", "stock": "pieces", "delivery": "deliveries"}
    fields = {names.get(name, name) for name in wrong}
    return replace(details, **{name: getattr(blank, name) for name in fields})


def _amount(typed: Typed, name: str, text: str, currency: str) -> int | None:
    if not text.strip():
        return None
    try:
        return parse(text, currency)
    except NotMoney as error:
        typed.wrong[name] = str(error)
        return None


def _whole(text: str) -> int | None:
    """A whole number in plain digits, or None."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else None


def _pieces(typed: Typed, currency: str) -> tuple[Piece, ...]:
    values, found = typed.values, []
    for row in range(MOST_VARIANTS + _MORE_ROWS):
        name = values.get(f"choice-{row}-name", "").strip()
        if name:
            stock = _stock(typed, values.get(f"choice-{row}-stock", ""), "choices")
            price = _amount(typed, "choices", values.get(f"choice-{row}-price", ""), currency)
            found.append(Piece(name, stock, price, _uuid(values.get(f"choice-{row}-id", ""))))
    return tuple(found) or (Piece("", _stock(typed, values.get("stock", "1"), "stock")),)


def _stock(typed: Typed, text: str, name: str) -> int:
    if not text.strip():
        return 1
    stock = _whole(text)
    if stock is None or stock > rules.MOST_STOCK:
        typed.wrong[name] = f"Say how many there are: a whole number up to {rules.MOST_STOCK:,}."
        return 0
    return stock


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _ways(typed: Typed, currency: str) -> tuple[tuple[Delivery, int, int], ...]:
    found = []
    for kind in Delivery:
        if not typed.values.get(f"way-{kind}"):
            continue
        cost = _amount(typed, "delivery", typed.values.get(f"way-{kind}-price", ""), currency)
        days = _whole(typed.values.get(f"way-{kind}-days", "") or "5")
        if days is None:
            typed.wrong["delivery"] = "Say in how many days it arrives: a whole number, such as 3."
        found.append((kind, cost or 0, days or 0))
    return tuple(found)


def values_of(details: Details, currency: str) -> dict[str, str]:
    """The details as the page shows them; `read` gives them back."""
    values = {name: str(getattr(details, name)) for name in _TEXTS}
    values["price"] = "" if details.price_minor is None else plain_amount(details.price_minor, currency)
    named = [piece for piece in details.pieces if piece.name]
    values["stock"] = "1" if named else str(details.pieces[0].stock)
    for row, piece in enumerate(named):
        own = "" if piece.price_minor is None else plain_amount(piece.price_minor, currency)
        own_id = str(piece.id) if piece.id else ""
        for name, text in (("id", own_id), ("name", piece.name), ("stock", str(piece.stock)), ("price", own)):
            values[f"choice-{row}-{name}"] = text
    for kind, cost, days in details.deliveries:
        values |= {f"way-{kind}": "on", f"way-{kind}-price": plain_amount(cost, currency)}
        values[f"way-{kind}-days"] = str(days)
    return values


def choice_rows(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of choices: those that are filled, and some to fill."""
    filled = [
        row for row in range(MOST_VARIANTS + _MORE_ROWS) if values.get(f"choice-{row}-name", "").strip()
    ]
    count = min(max(filled, default=-1) + 1 + _MORE_ROWS, MOST_VARIANTS)
    return [
        {"number": row}
        | {name: values.get(f"choice-{row}-{name}", "") for name in ("id", "name", "stock", "price")}
        for row in range(count)
    ]


def way_rows(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """The ways to the buyer, ticked or not."""
    return [
        {
            "kind": kind.value,
            "words": words,
            "is_on": bool(values.get(f"way-{kind}")),
            "price": values.get(f"way-{kind}-price", ""),
            "days": values.get(f"way-{kind}-days", ""),
        }
        for kind, words in DELIVERIES.items()
    ]


class StepForm(forms.Form):
    step = forms.ChoiceField(
        choices=[
            (each.value, each.value)
            for each in (Step.PUBLISH, Step.PAUSE, Step.RESUME, Step.END, Step.RELIST)
        ]
    )


class WantedForm(forms.Form):
    """The facets of the market. What cannot be read narrows nothing and is said."""

    q = forms.CharField(required=False, max_length=100)
    low = forms.CharField(required=False, max_length=30)
    high = forms.CharField(required=False, max_length=30)
    condition = forms.MultipleChoiceField(
        required=False, choices=[(each.value, words) for each, words in rules.CONDITIONS.items()]
    )
    delivery = forms.ChoiceField(
        required=False, choices=[("", "Either"), ("sent", "Can be sent"), ("collected", "Can be picked up")]
    )
    region = forms.CharField(required=False, max_length=rules.REGION_LENGTH)
    sort = forms.ChoiceField(required=False, choices=[(each.value, words) for each, words in SORTS.items()])
    friends = forms.BooleanField(required=False)

    def clean_low(self) -> int | None:
        return self._amount("low")

    def clean_high(self) -> int | None:
        return self._amount("high")

    def _amount(self, name: str) -> int | None:
        text = self.cleaned_data[name]
        try:
            return parse(text, settings.MARKET_CURRENCY) if text else None
        except NotMoney as error:
            raise forms.ValidationError(str(error)) from None

    def wanted(self, category: str = "") -> Wanted:
        """What could be read. Call it after `is_valid`."""
        data = self.cleaned_data
        return Wanted(
            text=data.get("q", ""),
            category=category,
            low=data.get("low"),
            high=data.get("high"),
            conditions=tuple(data.get("condition", ())),
            delivery=data.get("delivery", ""),
            region=data.get("region", ""),
            sort=Sort(data.get("sort") or Sort.NEWEST),
            friends_first=data.get("friends", False),
        )


def _number(label: str, hint: str = "") -> forms.IntegerField:
    """A small whole number; which ones are possible say the rules."""
    field = forms.IntegerField(
        label=label,
        help_text=hint,
        required=False,
        min_value=0,
        max_value=999,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), "Type a whole number, such as 10."
        ),
    )
    field.widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "5"})
    return field


class TermsForm(forms.Form):
    """What a seller offers besides prices."""

    takes_offers = forms.BooleanField(label="Others may offer me less than my price", required=False)
    least_percent = _number(
        "The least that I look at, in percent of the price", "Lower offers are refused by themselves."
    )
    bundle_from = _number("How many things make a bundle", "Leave it empty for no discount.")
    bundle_percent = _number("How many percent a bundle is cheaper")

    def terms(self) -> Terms:
        """What was filled in; empty fields are the terms that all begin with."""
        clean, begin = self.cleaned_data, Terms()
        bundle_from = clean["bundle_from"] or 0
        return Terms(
            takes_offers=clean["takes_offers"],
            least_percent=begin.least_percent if clean["least_percent"] is None else clean["least_percent"],
            bundle_from=bundle_from,
            bundle_percent=(clean["bundle_percent"] or 0) if bundle_from else 0,
        )


class SearchForm(forms.Form):
    """A search of the market's page, to be kept: `question` is the query of its address."""

    name = forms.CharField(required=False, max_length=200, strip=True)
    question = forms.CharField(required=False, max_length=3_000)
    category = forms.CharField(required=False, max_length=40)

    def wanted(self) -> Wanted:
        """What is looked for. Call it after `is_valid`."""
        form = WantedForm(QueryDict(self.cleaned_data["question"]))
        form.is_valid()
        return form.wanted(self.cleaned_data["category"])
