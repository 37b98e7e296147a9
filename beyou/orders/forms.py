"""What buyers and sellers fill in. Quantities are read by the service, which says what is wrong with them."""

from typing import Any

from django import forms

from beyou.orders.services import Choices


def _field(label: str, missing: str, autocomplete: str, length: int = 100) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=length,
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
        error_messages={"required": missing},
    )


class AddressForm(forms.Form):
    """Where to send it."""

    name = _field("Full name", "Enter the name on the door.", "shipping name")
    street = _field("Address", "Enter a street and a number.", "shipping street-address", 200)
    postcode = _field("Postcode", "Enter a postcode, such as 1071 AB.", "shipping postal-code", 20)
    city = _field("Town", "Enter a town.", "shipping address-level2")
    country = _field("Country", "Enter a country.", "shipping country-name", 60)

    def choices(self, data: Any) -> Choices:
        """What was filled in, whether or not it is complete, so that a draft is kept."""
        address = {name: _plain(data.get(name, ""), field.max_length or 100) for name, field in _texts(self)}
        prefix = "way-"
        ways = {
            name.removeprefix(prefix): str(value) for name, value in data.items() if name.startswith(prefix)
        }
        return Choices(address=address, ways=ways)


def _texts(form: forms.Form) -> list[tuple[str, forms.CharField]]:
    return [(name, field) for name, field in form.fields.items() if isinstance(field, forms.CharField)]


def _plain(text: str, length: int) -> str:
    """One line without NUL, no longer than its field."""
    return " ".join(text.replace("\0", " ").split())[:length]


class StartForm(forms.Form):
    """The currency of the checkout, and the total that the cart showed."""

    currency = forms.CharField(required=False, max_length=3)
    total = forms.IntegerField(required=False, min_value=0, max_value=10**15)


class PayForm(forms.Form):
    """Which order, and the total that the page showed."""

    number = forms.CharField(max_length=14)
    total = forms.IntegerField(min_value=0, max_value=10**15)


class ShipForm(forms.Form):
    """How to follow what was sent."""

    carrier = forms.CharField(
        label="Who brings it",
        max_length=40,
        help_text="Such as the post, or “by hand”.",
        error_messages={"required": "Say who brings it, such as the post, or “by hand”."},
    )
    tracking = forms.CharField(
        label="Tracking number",
        max_length=60,
        required=False,
        help_text="The buyer follows the parcel with it.",
    )


class PositionForm(forms.Form):
    before = forms.UUIDField(required=False)
