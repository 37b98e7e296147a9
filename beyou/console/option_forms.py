"""What the staff pages of the options of the place take."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings

from beyou.instance import options
from beyou.instance.options import NotAValue, Option, Section, Unit, Value
from beyou.instance.queries import Settings, default_of


class OptionField(forms.CharField):
    """One option as people type it. What was typed stays in the field, also when it is refused."""

    def __init__(self, option: Option, **kwargs: Any) -> None:
        self.option = option
        if option.words:
            widget: forms.Widget = forms.Select(choices=option.words)
        else:
            mode = "decimal" if option.unit in (Unit.PERCENT, Unit.MONEY) else "numeric"
            widget = forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off"})
        super().__init__(label=option.label, help_text=_help(option), widget=widget, required=False, **kwargs)

    def clean(self, value: Any) -> Value:
        """Also what is empty is read, since nothing is no number. The default may stand out of bounds, and
        what is fixed nobody typed.
        """
        text, default = str(value or "")[:100].strip(), default_of(self.option.name)
        if self.disabled or text == options.typed(self.option, default, settings.MARKET_CURRENCY):
            return default
        try:
            return options.read(self.option, text, settings.MARKET_CURRENCY)
        except NotAValue as error:
            raise forms.ValidationError(str(error)) from None


class OptionsForm(forms.Form):
    """One page of options. `version` is what was seen; what the environment fixes is shown and stays."""

    version = forms.IntegerField(min_value=0, max_value=2_000_000_000, widget=forms.HiddenInput)

    def __init__(self, section: Section, state: Settings, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"version": state.versions.get(section, 0)})
        for option in options.of_section(section):
            is_fixed = option.name in settings.FIXED_OPTIONS
            field = OptionField(option, disabled=is_fixed)
            field.initial = options.typed(option, state.option(option.name), settings.MARKET_CURRENCY)
            if is_fixed:
                field.help_text += " Whoever runs the server has fixed it."
            self.fields[option.name] = field

    def clean(self) -> dict[str, Any]:
        super().clean()
        known = {name: value for name, value in self.cleaned_data.items() if name in options.OPTIONS}
        for name, problem in options.disorder(known).items():
            self.add_error(name, problem)
        return self.cleaned_data

    @property
    def values(self) -> dict[str, Value]:
        """What was typed, without what is fixed."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in options.OPTIONS and not self.fields[name].disabled
        }


def defaults(section: Section, version: Any) -> dict[str, Any]:
    """A form in which the default of each option was typed."""
    return {"version": version} | {
        option.name: options.typed(option, default_of(option.name), settings.MARKET_CURRENCY)
        for option in options.of_section(section)
    }


def _help(option: Option) -> str:
    default = options.shown(option, default_of(option.name), settings.MARKET_CURRENCY)
    between = "" if option.words else f" F{options.bounds(option, settings.MARKET_CURRENCY)[1:]}."
    return f"{option.meaning}{between} Default: {default}."
